import type { Code } from '../../codes.js';
import { FilexError } from '../../errors.js';
import {
  acceptUpload,
  answerTo,
  type Claim,
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
  syncUpload,
  writeUpload,
} from '../../machine/staged-upload.js';
import { BLOCK_SIZE, rootOf } from '../../wire/digest.js';
import { SYNC_BYTES, SYNC_INTERVAL } from '../bounds.js';
import { DataReceiver } from '../data-receiver.js';
import { type Arrival, Driver, type StreamEvent } from '../driver.js';
import type { UploadReceiver, UploadRequest } from '../types.js';
import { callHandler, handlerError, withEffect } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';
import { type Committed, committedOf, hexOf, RememberedUpload } from './remembered-upload.js';
import type { Transfer } from './transfer-watch.js';
import { withReceipt } from './upload-receipt.js';
import type { Found } from './upload-registry.js';
import { superseded, uploadRequestOf } from './upload-request.js';

interface End {
  readonly length: number;
  readonly digest: Uint8Array;
}

/**
 * Takes one stream of an upload: what arrives goes to the handler's receiver, and is committed only when length and digest
 * agree. Whether it begins, goes on, or is told what became of it before, the machine says.
 */
export function receiveUpload(run: OperationRun): RunningOperation {
  const upload = new IncomingUpload(run);
  return { listener: upload, done: upload.perform(), transfer: upload };
}

class IncomingUpload implements Transfer {
  readonly #run: OperationRun;
  readonly #receiver: DataReceiver;
  readonly #algorithm;
  readonly #createHash;
  readonly #request: UploadRequest;
  #remembered = new RememberedUpload();
  readonly #durability: Durability;
  readonly #end: Promise<End>;
  #resolveEnd!: (end: End) => void;
  #rejectEnd!: (error: FilexError) => void;
  #ended = false;
  /** Why nothing more is wanted of this stream. */
  #gone: FilexError | undefined;
  /** Whether that is because the connection ended, so that another may go on. */
  #lost = false;
  /** Counts the OPENs of this operation. */
  #epoch = 0;
  /** The digest of each whole block of the file, those that were there before included. */
  #leaves: Uint8Array[] = [];
  /** What is written into, once it is known. */
  #into: UploadReceiver | undefined;

  constructor(run: OperationRun) {
    this.#run = run;
    const { algorithm, create } = hashFor(run);
    this.#algorithm = algorithm;
    this.#createHash = create;
    this.#request = uploadRequestOf(run, algorithm);
    this.#end = new Promise((resolve, reject) => {
      this.#resolveEnd = resolve;
      this.#rejectEnd = reject;
    });
    this.#end.catch(() => undefined);
    const durability = new Durability(run, (stored) => this.#sync(stored));
    this.#durability = durability;
    this.#receiver = new DataReceiver({
      createHash: create,
      consume: (count) => run.driver.consume(run.stream, count),
      onStored: (stored) => this.#tellBlocks(stored),
      isSyncDue: (stored) => durability.isDue(stored),
      sync: (stored) => durability.sync(stored),
      onFailure: (error) => this.#giveUp(error),
      onBlock: (leaf, index) => {
        this.#leaves[index] = leaf;
      },
    });
  }

  // ------------------------------------------------------------------ what the stream brings

  onData(arrival: Arrival): void {
    const { size } = this.#run.request;
    if (size !== undefined && this.#receiver.received + arrival.bytes.length > size) {
      this.#giveUp(new FilexError('LENGTH_MISMATCH', `more came than the ${size} bytes announced`));
    }
    this.#receiver.push(arrival);
  }

  onEvent(event: StreamEvent): void {
    if (event.type === 'end') {
      this.#ended = true;
      this.#resolveEnd(event);
    } else if (event.type === 'reset') {
      this.#giveUp(cancelled(this.#run.request.path));
    }
  }

  onLost(error: FilexError): void {
    this.#lost ||= this.#gone === undefined;
    this.#giveUp(error);
  }

  // ------------------------------------------------------------------ how it gets on

  get moved(): number {
    return this.#receiver.received;
  }

  get waitsForClient(): boolean {
    const { driver, stream } = this.#run;
    return !this.#ended && this.#receiver.idle && driver.connection.receivable(stream) > 0;
  }

  stop(error: FilexError): void {
    this.#giveUp(error);
  }

  /** Drops what waits at once: the handler may still be busy, and nobody accounts for it any more. */
  #giveUp(error: FilexError): void {
    this.#gone ??= error;
    this.#rejectEnd(error);
    void this.#receiver.stop();
  }

  // ------------------------------------------------------------------ what is done about it

  async perform(): Promise<Success> {
    const { request, uploads } = this.#run;
    // A server that keeps nothing can go on with nothing.
    const asked = uploads.remembers ? (request.offset ?? 0) : 0;
    try {
      const entering = this.#find(asked);
      const leave = entering instanceof Promise ? await entering : entering;
      try {
        const turn = this.#remembered.turn();
        const pass = turn instanceof Promise ? await turn : turn;
        try {
          return await this.#inTurn(asked);
        } finally {
          pass();
        }
      } finally {
        leave();
      }
    } catch (error) {
      await this.#receiver.stop();
      throw error;
    }
  }

  /** Enters the upload that is meant: at once, unless somebody has to be asked. @returns how to leave. */
  #find(asked: number): (() => void) | Promise<() => void> {
    const { uploads, context, handler } = this.#run;
    const finding = uploads.find(context.peer.principal, context.operationId);
    if (finding instanceof Promise) return finding.then((found) => this.#recall(found, asked));
    const isKept = handler.recall !== undefined && uploads.remembers;
    return isKept ? this.#recall(finding, asked) : this.#enter(finding, asked);
  }

  /** Finds out first what is kept of it elsewhere. */
  async #recall(found: Found, asked: number): Promise<() => void> {
    const { context, handler, request } = this.#run;
    try {
      await found.upload.recall(async () => handler.recall?.(this.#request, context), request.path);
    } catch (error) {
      found.rest();
      throw handlerError(error);
    }
    return this.#enter(found, asked);
  }

  /** From here on older streams of the same operation get nothing more in. */
  #enter({ upload, rest }: Found, asked: number): () => void {
    this.#remembered = upload;
    try {
      const supersede = (): void => this.#giveUp(superseded());
      const { epoch, leave } = upload.enter(this.#request.arguments, asked, supersede);
      this.#epoch = epoch;
      return () => {
        leave();
        rest();
      };
    } catch (error) {
      rest();
      throw error;
    }
  }

  async #inTurn(asked: number): Promise<Success> {
    try {
      this.#checkWanted();
      if (answerTo(this.#remembered.upload, asked) === 'replay') return await this.#replay(asked);
      const into = await this.#begin(asked);
      this.#checkWanted();
      this.#into = into;
      this.#receiver.open((bytes, offset) => this.#write(into, bytes, offset), into.maxWritesInFlight);
      return await this.#commit(into, await this.#end);
    } catch (error) {
      await this.#receiver.stop();
      if (this.#remembered.receiver === this.#into) await this.#tellLastBlocks();
      throw await this.#settle(handlerError(error));
    }
  }

  /** Makes ready to take bytes, after those that are there already if that is wanted and can be. */
  async #begin(asked: number): Promise<UploadReceiver> {
    const remembered = this.#remembered;
    if (remembered.upload.state === 'suspended') await callHandler(() => remembered.resume());
    const { receiver, upload } = remembered;
    if (receiver?.sync !== undefined && upload.state === 'suspended') {
      const durable = await callHandler(() => (receiver.sync as () => Promise<number>)());
      remembered.upload = syncUpload(remembered.upload, Math.min(durable, remembered.blocks * BLOCK_SIZE));
    }
    const canGoOn = receiver?.sync !== undefined && receiver.truncate !== undefined;
    const accepted = acceptUpload(remembered.upload, this.#epoch, canGoOn ? asked : 0, BLOCK_SIZE);
    remembered.upload = accepted.upload;
    if (accepted.refusal !== undefined) throw superseded();
    const { offset } = accepted;
    if (receiver === undefined || offset === 0) {
      if (receiver !== undefined)
        await remembered.drop(new FilexError('CANCELLED', 'the client started again'));
      const { handler, context } = this.#run;
      remembered.receiver = await callHandler(() => handler.upload(this.#request, context));
      remembered.blocks = 0;
    } else {
      await callHandler(() => (receiver.truncate as (length: number) => Promise<void>)(offset));
      this.#goOnAfter(remembered.leaves.slice(0, offset / BLOCK_SIZE));
    }
    remembered.leaves = this.#leaves;
    if (this.#epoch > 1) await callHandler(() => remembered.fence(this.#epoch));
    const prefix = offset > 0 ? rootOf(this.#leaves, this.#createHash) : undefined;
    this.#accept(offset, prefix);
    return remembered.receiver as UploadReceiver;
  }

  /** Nothing has come yet: who asks where to go on sends nothing before it is told. */
  #goOnAfter(leaves: Uint8Array[]): void {
    this.#leaves = leaves;
    this.#remembered.blocks = leaves.length;
    this.#receiver.goOnAfter(leaves);
    this.#durability.startAt(leaves.length * BLOCK_SIZE);
  }

  /** Says where to go on. A client that has sent everything at its first attempt needs no invitation. */
  #accept(offset: number, prefix: Uint8Array | undefined): void {
    const { driver, stream, uploads } = this.#run;
    if ((this.#ended && this.#epoch === 1) || !driver.connection.allows(stream, 'R_ACCEPT')) return;
    const epoch = uploads.remembers ? this.#epoch : 0;
    driver.connection.accept(stream, { offset, prefix, epoch, algorithm: this.#algorithm });
    driver.schedule();
  }

  async #write(into: UploadReceiver, bytes: Uint8Array, offset: number): Promise<void> {
    const { upload, refusal } = writeUpload(this.#remembered.upload, this.#epoch, bytes.length);
    this.#remembered.upload = upload;
    if (refusal !== undefined) throw superseded();
    await callHandler(() => into.write(bytes, offset));
  }

  /** Tells of each whole block that is written now. */
  #tellBlocks(stored: number): Promise<void> | undefined {
    const into = this.#into;
    const isTold = into === undefined || (this.#remembered.blocks + 1) * BLOCK_SIZE > stored;
    return isTold ? undefined : this.#tellBlocksOf(into, stored);
  }

  async #tellBlocksOf(into: UploadReceiver, stored: number): Promise<void> {
    const remembered = this.#remembered;
    while ((remembered.blocks + 1) * BLOCK_SIZE <= stored) {
      const index = remembered.blocks;
      try {
        await callHandler(() => into.blockWritten?.(this.#leaves[index] as Uint8Array, index));
      } catch (error) {
        this.#into = undefined; // nothing is told it again
        throw error;
      }
      remembered.blocks += 1;
    }
  }

  /** What was being written when this stream was given up is there as well, and another one may go on with it. */
  async #tellLastBlocks(): Promise<void> {
    try {
      await this.#tellBlocks(this.#receiver.stored);
    } catch {
      // What was not told does not count, see `RememberedUpload.blocks`; why the stream has ended is known.
    }
  }

  async #sync(stored: number): Promise<number> {
    const { receiver } = this.#remembered;
    const durable =
      receiver?.sync === undefined ? stored : await callHandler(() => receiver.sync?.() ?? stored);
    const { upload } = this.#remembered;
    if (upload.state === 'staging' && !isFenced(upload, this.#epoch)) {
      this.#remembered.upload = syncUpload(upload, durable);
    }
    return durable;
  }

  async #commit(into: UploadReceiver, { length, digest: claimed }: End): Promise<Success> {
    const { request } = this.#run;
    const remembered = this.#remembered;
    const digest = await this.#receiver.finish();
    if (request.size !== undefined && length !== request.size) {
      throw new FilexError('LENGTH_MISMATCH', `${length} bytes came, ${request.size} were announced`);
    }
    this.#checkWanted();
    const computed = { length: this.#receiver.received, digest: hexOf(digest) };
    const ended = endUpload(remembered.upload, this.#epoch, { length, digest: hexOf(claimed) }, computed);
    remembered.upload = ended.upload;
    if (ended.refusal !== undefined) {
      throw new FilexError(ended.refusal.code, undefined, { effect: ended.refusal.effect });
    }
    // The receiver flushes and publishes in one call, and what is remembered is not on disk.
    remembered.upload = intendedUpload(flushedUpload(remembered.upload));
    remembered.takeReceiver();
    // A handler that fails without meaning to may have published.
    const commit = { length, digest, algorithm: this.#algorithm };
    const result = committedOf(commit, await callHandler(() => into.commit(commit), 'unknown'), request.path);
    remembered.upload = recordedUpload(publishedUpload(remembered.upload, result));
    return withReceipt(this.#run, result);
  }

  /** It was committed before: what comes is dropped, and who sends the same is told the same. */
  async #replay(asked: number): Promise<Success> {
    const remembered = this.#remembered;
    const { upload, offset } = acceptUpload(remembered.upload, this.#epoch, asked, BLOCK_SIZE);
    remembered.upload = upload;
    await callHandler(() => remembered.fence(this.#epoch));
    this.#accept(offset, offset > 0 ? Buffer.from((upload.claim as Claim).digest, 'hex') : undefined);
    this.#receiver.open(() => undefined);
    const { length, digest } = await this.#end;
    const claimed = { length, digest: hexOf(digest) };
    const ended = endUpload(remembered.upload, this.#epoch, claimed, claimed);
    if (ended.refusal !== undefined) {
      throw new FilexError(ended.refusal.code, undefined, { effect: ended.refusal.effect });
    }
    return { ...withReceipt(this.#run, ended.upload.result as Committed), bytes: 0 };
  }

  /** What becomes of the upload when its stream has failed; returns what to tell of it. */
  async #settle(error: FilexError): Promise<FilexError> {
    const remembered = this.#remembered;
    if (isFenced(remembered.upload, this.#epoch)) return error.code === 'SUPERSEDED' ? error : superseded();
    const { state } = remembered.upload;
    const { remembers } = this.#run.uploads;
    // What could not be stored now may be later: then only the rest has to be sent. PROTOCOL.md, FX-12.3-5.
    const kept = remembers && remembered.receiver?.suspend !== undefined && mayPass.has(error.code);
    if (state === 'staging' && this.#gone === undefined && kept && error.retry) {
      remembered.upload = loseUpload(remembered.upload, this.#epoch, BLOCK_SIZE);
    } else if (state === 'publishing' || (state === 'staging' && this.#gone === undefined)) {
      remembered.upload = failUpload(remembered.upload, error.effect);
    } else if (this.#lost && remembers) {
      remembered.upload = loseUpload(remembered.upload, this.#epoch, BLOCK_SIZE);
    } else if (state !== 'committed') {
      remembered.upload = resetUpload(remembered.upload, this.#epoch);
    }
    if (remembered.upload.state === 'empty') await remembered.drop(error);
    return withEffect(error, effectOf(remembered.upload, error.effect));
  }

  #checkWanted(): void {
    if (this.#gone !== undefined) throw this.#gone;
  }
}

/** What keeps an upload from being stored for a while, and says nothing about its bytes. */
const mayPass: ReadonlySet<Code> = new Set(['NO_SPACE', 'BUSY', 'IO_ERROR']);

/** Makes a long upload durable step by step, and tells the client how far it is. */
class Durability {
  readonly #run: OperationRun;
  readonly #makeDurable: (stored: number) => Promise<number>;
  #at = Driver.now();
  #offset = 0;

  constructor(run: OperationRun, makeDurable: (stored: number) => Promise<number>) {
    this.#run = run;
    this.#makeDurable = makeDurable;
  }

  startAt(offset: number): void {
    this.#offset = offset;
  }

  isDue(stored: number): boolean {
    return stored - this.#offset >= SYNC_BYTES || Driver.now() - this.#at >= SYNC_INTERVAL;
  }

  async sync(stored: number): Promise<void> {
    const offset = await this.#makeDurable(stored);
    this.#offset = stored;
    this.#at = Driver.now();
    const { driver, stream } = this.#run;
    // The stream may have reached a state without ACK while the device was busy: that needs no ACK any more.
    if (!driver.connection.allows(stream, 'R_ACK')) return;
    driver.connection.acknowledge(stream, offset);
    driver.schedule();
  }
}
