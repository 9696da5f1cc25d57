import { FilexError } from '../../errors.js';
import {
  acceptUpload,
  effectOf,
  endUpload,
  failUpload,
  flushedUpload,
  intendedUpload,
  isFenced,
  loseUpload,
  publishedUpload,
  recordedUpload,
  resetUpload,
  writeUpload,
} from '../../machine/staged-upload.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import { BLOCK_SIZE, type HashFactory, treeDigestOf } from '../../wire/digest.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import type { Arrival, StreamEvent } from '../driver.js';
import type { UploadRequest, WholeReceiver } from '../types.js';
import { callHandler, handlerError, withEffect } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';
import { committedOf, hexOf, type RememberedUpload } from './remembered-upload.js';
import type { Transfer } from './transfer-watch.js';
import { withReceipt } from './upload-receipt.js';
import { superseded, uploadRequestOf } from './upload-request.js';

/**
 * Takes one stream of an upload that comes in one piece: gathers what arrives in memory, and hands it over when length and digest
 * agree. To its client it is an upload like every other, by the same machine; it only never has anything staged.
 *
 * @returns undefined when this upload is to go the usual way.
 */
export function receiveWhole(run: OperationRun): RunningOperation | undefined {
  const { request, handler, uploads, context } = run;
  const { size, offset = 0 } = request;
  if (handler.uploadWhole === undefined || size === undefined || size > MAX_WHOLE_FILE || offset > 0)
    return undefined;
  const { principal } = context.peer;
  if (!uploads.isUnheardOf(principal, context.operationId)) return undefined;
  const { algorithm, create } = hashFor(run);
  const wanted = uploadRequestOf(run, algorithm);
  const receiver = handler.uploadWhole(wanted, context);
  if (receiver === undefined) return undefined;
  // Of what it has not heard of, it has it at once.
  const { upload, rest } = uploads.find(principal, context.operationId) as Found;
  const whole = new WholeUpload(run, { wanted, size, algorithm, createHash: create, receiver, upload, rest });
  return { listener: whole, done: whole.done };
}

interface Found {
  readonly upload: RememberedUpload;
  readonly rest: () => void;
}

interface WholeUploadParts extends Found {
  readonly wanted: UploadRequest;
  readonly size: number;
  readonly algorithm: DigestAlgorithm;
  readonly createHash: HashFactory;
  readonly receiver: WholeReceiver;
}

class WholeUpload implements Transfer {
  readonly done: Promise<Success>;
  readonly #run: OperationRun;
  readonly #parts: WholeUploadParts;
  readonly #epoch: number;
  readonly #leave: () => void;
  /** To those that come after it. */
  readonly #pass: () => void;
  readonly #arrivals: Arrival[] = [];
  #received = 0;
  #resolve!: (success: Success) => void;
  #reject!: (error: FilexError) => void;
  #unwatch: (() => void) | undefined;
  #state: 'gathering' | 'committing' | 'over' = 'gathering';

  constructor(run: OperationRun, parts: WholeUploadParts) {
    this.#run = run;
    this.#parts = parts;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { epoch, leave } = parts.upload.enter(parts.wanted.arguments, 0, () => this.stop(superseded()));
    this.#epoch = epoch;
    this.#leave = leave;
    // Nobody was there before it.
    this.#pass = parts.upload.turn() as () => void;
    run.afterRead(() => this.#accept());
  }

  // ------------------------------------------------------------------ what the stream brings

  onData(arrival: Arrival): void {
    this.#received += arrival.bytes.length;
    if (this.#state === 'gathering' && this.#received <= this.#parts.size) {
      this.#arrivals.push(arrival);
      return;
    }
    giveBack(this.#run, [arrival]);
    const words = `more came than the ${this.#parts.size} bytes announced`;
    this.stop(new FilexError('LENGTH_MISMATCH', words));
  }

  onEvent(event: StreamEvent): void {
    if (event.type === 'end') this.#end(event.length, event.digest);
    else if (event.type === 'reset') this.stop(cancelled(this.#run.request.path));
  }

  onLost(error: FilexError): void {
    this.#giveUp(error, true);
  }

  // ------------------------------------------------------------------ how it gets on

  get moved(): number {
    return this.#received;
  }

  get waitsForClient(): boolean {
    const { driver, stream } = this.#run;
    return this.#state === 'gathering' && driver.connection.receivable(stream) > 0;
  }

  /** Nothing more is wanted of it. A commit that has begun is not stopped any more. */
  stop(error: FilexError): void {
    this.#giveUp(error, false);
  }

  #giveUp(error: FilexError, lost: boolean): void {
    if (this.#state !== 'gathering') return;
    const { upload } = this.#parts;
    if (!isFenced(upload.upload, this.#epoch))
      upload.upload = lost
        ? loseUpload(upload.upload, this.#epoch, BLOCK_SIZE)
        : resetUpload(upload.upload, this.#epoch);
    this.#fail(withEffect(error, effectOf(upload.upload, error.effect)));
  }

  // ------------------------------------------------------------------ what is done about it

  /** A client that has sent everything at once needs no invitation; one whose file was cut by a read may wait for it. */
  #accept(): void {
    if (this.#state !== 'gathering') return;
    const { driver, stream, uploads, watch } = this.#run;
    this.#unwatch = watch(this);
    this.#begin();
    if (!driver.connection.allows(stream, 'R_ACCEPT')) return;
    const epoch = uploads.remembers ? this.#epoch : 0;
    driver.connection.accept(stream, {
      offset: 0,
      prefix: undefined,
      epoch,
      algorithm: this.#parts.algorithm,
    });
    driver.schedule();
  }

  /** From here on it is staged, as far as the machine knows. */
  #begin(): void {
    const { upload } = this.#parts;
    if (upload.upload.state === 'empty')
      upload.upload = acceptUpload(upload.upload, this.#epoch, 0, BLOCK_SIZE).upload;
  }

  #end(length: number, claimed: Uint8Array): void {
    if (this.#state !== 'gathering') return;
    const { upload, size, algorithm, createHash, receiver } = this.#parts;
    this.#begin();
    try {
      if (length !== size)
        throw new FilexError('LENGTH_MISMATCH', `${length} bytes came, ${size} were announced`);
      const bytes = joined(this.#arrivals, this.#received);
      const digest = treeDigestOf(bytes, createHash);
      upload.upload = writeUpload(upload.upload, this.#epoch, bytes.length).upload;
      const computed = { length: bytes.length, digest: hexOf(digest) };
      const ended = endUpload(upload.upload, this.#epoch, { length, digest: hexOf(claimed) }, computed);
      upload.upload = ended.upload;
      if (ended.refusal !== undefined)
        throw new FilexError(ended.refusal.code, undefined, { effect: ended.refusal.effect });
      // The receiver flushes and publishes in one call, and what is remembered is not on disk.
      upload.upload = intendedUpload(flushedUpload(upload.upload));
      this.#state = 'committing';
      const commit = { length, digest, algorithm };
      upload.publishedBy(receiver);
      // A handler that fails without meaning to may have published.
      callHandler(() => receiver.commit(commit, bytes), 'unknown').then(
        (outcome) => {
          const committed = committedOf(commit, outcome, this.#run.request.path);
          upload.upload = recordedUpload(publishedUpload(upload.upload, committed));
          this.#succeed(() => withReceipt(this.#run, committed));
        },
        (error: unknown) => this.#failToStore(handlerError(error)),
      );
    } catch (error) {
      this.#failToStore(handlerError(error));
    }
  }

  #failToStore(error: FilexError): void {
    const { upload } = this.#parts;
    const known = upload.upload;
    if (known.state === 'publishing' || (known.state === 'staging' && !isFenced(known, this.#epoch)))
      upload.upload = failUpload(known, error.effect);
    this.#fail(withEffect(error, effectOf(upload.upload, error.effect)));
  }

  #succeed(success: () => Success): void {
    this.#finish();
    try {
      this.#resolve(success());
    } catch (error) {
      this.#reject(handlerError(error, 'applied'));
    }
  }

  #fail(error: FilexError): void {
    this.#finish();
    this.#reject(error);
  }

  #finish(): void {
    this.#state = 'over';
    giveBack(this.#run, this.#arrivals.splice(0));
    this.#unwatch?.();
    this.#pass();
    this.#leave();
    this.#parts.rest();
  }
}

/** Their buffers, and their credit. */
function giveBack({ driver, stream }: OperationRun, arrivals: readonly Arrival[]): void {
  for (const { bytes, release } of arrivals) {
    const { length } = bytes;
    release();
    driver.consume(stream, length);
  }
}

function joined(arrivals: readonly Arrival[], length: number): Uint8Array {
  const [first] = arrivals;
  if (first !== undefined && arrivals.length === 1) return first.bytes;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { bytes: part } of arrivals) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
