import type { OpenRequest } from '../../connection.js';
import { FilexError } from '../../errors.js';
import type { DigestAlgorithm, Entry, Outcome } from '../../vocabulary.js';
import type { HashFactory } from '../../wire/digest.js';
import type { Driver, StreamListener } from '../driver.js';
import type { Handler, OperationContext, ServeOptions } from '../types.js';
import type { DigestTurns } from './digest-turns.js';
import type { Transfer } from './transfer-watch.js';
import type { UploadRegistry } from './upload-registry.js';

/** One operation on its way, as the server runs it. */
export interface OperationRun {
  readonly driver: Driver;
  readonly stream: number;
  readonly request: OpenRequest;
  readonly handler: Handler;
  readonly context: OperationContext;
  readonly maxListingEntries: number;
  /** What is remembered of uploads, on all connections. */
  readonly uploads: UploadRegistry;
  /** Makes receipts. */
  readonly receipts: ServeOptions['receipts'];
  /** Of this connection. */
  readonly digestTurns: DigestTurns;
  /** The digest that was negotiated for the connection. */
  readonly algorithm: DigestAlgorithm;
  hashOf(algorithm: DigestAlgorithm): HashFactory | undefined;
  /** Calls it when everything that was read together has been handed out. */
  afterRead(task: () => void): void;
  /** Watches a transfer that takes longer; returns what is to be called when it has ended. */
  watch(transfer: Transfer): () => void;
}

/** What there is to tell the client, and the log, when an operation ended well. */
export interface Success {
  readonly outcome: Outcome;
  readonly path?: string | undefined;
  readonly etag?: string | undefined;
  readonly entry?: Entry | undefined;
  /** Bytes of file content moved. */
  readonly bytes: number;
  /** Of the file that was transferred. */
  readonly digest?: string | undefined;
  readonly algorithm?: DigestAlgorithm | undefined;
  /** Of an upload, when it was asked for. */
  readonly receipt?: Uint8Array | undefined;
  /** What the client has asked to have digested; in RESULT. */
  readonly answer?: Uint8Array | undefined;
}

/** An operation listens to its stream, and settles once with what came of it. */
export interface RunningOperation {
  readonly listener: StreamListener;
  readonly done: Promise<Success>;
  /** For those that move more than one message. */
  readonly transfer?: Transfer | undefined;
}

/** The client took it back. */
export function cancelled(path: string): FilexError {
  return new FilexError('CANCELLED', 'the client gave it up', { path });
}

/** The hash an OPEN asks for. */
export function hashFor(run: Pick<OperationRun, 'request' | 'algorithm' | 'hashOf'>): {
  algorithm: DigestAlgorithm;
  create: HashFactory;
} {
  const algorithm = run.request.algorithm ?? run.algorithm;
  const create = run.hashOf(algorithm);
  if (create === undefined) throw new FilexError('UNSUPPORTED', `${algorithm} was not listed by both ends`);
  return { algorithm, create };
}
