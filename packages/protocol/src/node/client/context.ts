import type { OpenArguments } from '../../connection.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import type { HashFactory } from '../../wire/digest.js';
import type { Driver, StreamListener } from '../driver.js';

/** What an operation of a session works with. */
export interface ClientContext {
  readonly driver: Driver;
  /** The digest that was negotiated. */
  readonly algorithm: DigestAlgorithm;
  readonly createHash: HashFactory;
  /** The hash of another algorithm, when this end has it. */
  hashOf(algorithm: DigestAlgorithm): HashFactory | undefined;
  /** Opens a stream when there is room for one; the listener is added in the same turn. */
  open(
    request: OpenArguments,
    listener: (stream: number) => StreamListener,
    signal: AbortSignal | undefined,
  ): Promise<number>;
  /** The same at once, when there is room and nobody waits for it; otherwise undefined, and nothing was done. */
  openNow(request: OpenArguments, listener: (stream: number) => StreamListener): number | undefined;
}
