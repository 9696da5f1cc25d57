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
import type { UploadReceiver } from '../types.js';
import { callHandler, handlerError, withEffect } from './handler-error.js';
import { cancelled, hashFor, type OperationRun, type RunningOperation, type Success } from './operation.js';
import type { Committed } from './remembered-upload.js';
import type { Transfer } from './transfer-watch.js';
import { withReceipt } from './upload-receipt.js';

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
  readonly #remembered;
  readonly #rest: () => void;
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

  constructor(run: OperationRun) {
    this.#run = run;
    const { algorithm, create } = hashFor(run);
    this.#algorithm = algorithm;
    this.#createHash = create;
    this.#end = new Promise((resolve, reject) => {
      this.#resolveEnd = resolve;
      this.#rejectEnd = reject;
    });
    this.#end.catch(() => undefined);
    this.#durability = new Durability(run, (stored) => this.#sync(stored));
    this.#receiver = new DataReceiver({
      createHash: create,
      consume: (count) => run.driver.consume(run.stream, count),
      onStored: (stored) => this.#durability.onStored(stored),
      onFailure: (error) => this.#giveUp(error),
      onBlock: (leaf, index) => this.#keepLeaf(leaf, index),
    });
    const { upload, rest } = run.uploads.find(run.context.peer.principal, run.context.operationId);
    this.#remembered = upload;
    this.#rest = rest;
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
    let leave = this.#rest;
    try {
      const supersede = (): void => this.#giveUp(superseded());
      const entered = this.#remembered.enter(this.#requestText(), asked, supersede);
      this.#epoch = entered.epoch;
      leave = () => {
        entered.leave();
        this.#rest();
      };
      const turn = this.#remembered.turn();
      const pass = turn instanceof Promise ? await turn : turn;
      try {
        return await this.#inTurn(asked);
      } finally {
        pass();
      }
    } catch (error) {
      await this.#receiver.stop();
      throw error;
    } finally {
      leave();
    }
  }

  async #inTurn(asked: number): Promise<Success> {
    try {
      this.#checkWanted();
      if (answerTo(this.#remembered.upload, asked) === 'replay') return await this.#replay(asked);
      const into = await this.#begin(asked);
      this.#checkWanted();
      this.#receiver.open((bytes) => this.#write(into, bytes));
      return await this.#commit(into, await this.#end);
    } catch (error) {
      await this.#receiver.stop();
      throw await this.#settle(handlerError(error));
    }
  }

  /** Makes ready to take bytes, after those that are there already if that is wanted and can be. */
  async #begin(asked: number): Promise<UploadReceiver> {
    const remembered = this.#remembered;
    const { receiver, upload } = remembered;
    if (receiver?.sync !== undefined && upload.state === 'suspended') {
      const durable = await callHandler(() => (receiver.sync as () => Promise<number>)());
      remembered.upload = syncUpload(remembered.upload, durable);
    }
    const canGoOn = receiver?.sync !== undefined && receiver.truncate !== undefined;
    const accepted = acceptUpload(remembered.upload, this.#epoch, canGoOn ? asked : 0, BLOCK_SIZE);
    remembered.upload = accepted.upload;
    if (accepted.refusal !== undefined) throw superseded();
    const { offset } = accepted;
    if (receiver === undefined || offset === 0) {
      if (receiver !== undefined)
        await remembered.drop(new FilexError('CANCELLED', 'the client started again'));
      remembered.receiver = await this.#open();
    } else {
      await callHandler(() => (receiver.truncate as (length: number) => Promise<void>)(offset));
      remembered.leaves = remembered.leaves.slice(0, offset / BLOCK_SIZE);
      this.#receiver.goOnAfter(remembered.leaves);
      this.#durability.startAt(offset);
    }
    const prefix = offset > 0 ? rootOf(remembered.leaves, this.#createHash) : undefined;
    this.#accept(offset, prefix);
    return remembered.receiver as UploadReceiver;
  }

  #open(): Promise<UploadReceiver> {
    const { request, handler, context } = this.#run;
    const { path, size, ifExists = 'fail', mtime } = request;
    const wanted = { path, size, ifExists, mtime, executable: request.executable === true };
    return callHandler(() => handler.upload({ ...wanted, algorithm: this.#algorithm }, context));
  }

  /** Says where to go on. A client that has sent everything at its first attempt needs no invitation. */
  #accept(offset: number, prefix: Uint8Array | undefined): void {
    const { driver, stream, uploads } = this.#run;
    if ((this.#ended && this.#epoch === 1) || !driver.connection.allows(stream, 'R_ACCEPT')) return;
    const epoch = uploads.remembers ? this.#epoch : 0;
    driver.connection.accept(stream, { offset, prefix, epoch, algorithm: this.#algorithm });
    driver.schedule();
  }

  #write(into: UploadReceiver, bytes: Uint8Array): Promise<void> {
    const { upload, refusal } = writeUpload(this.#remembered.upload, this.#epoch, bytes.length);
    this.#remembered.upload = upload;
    if (refusal !== undefined) throw superseded();
    return callHandler(() => into.write(bytes));
  }

  #keepLeaf(leaf: Uint8Array, index: number): void {
    if (!isFenced(this.#remembered.upload, this.#epoch)) this.#remembered.leaves[index] = leaf;
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
    remembered.receiver = undefined;
    remembered.leaves = [];
    // A handler that fails without meaning to may have published.
    const { outcome, path, etag } = await callHandler(
      () => into.commit({ length, digest, algorithm: this.#algorithm }),
      'unknown',
    );
    const moved = {
      bytes: length,
      digest: hexOf(digest),
      algorithm: this.#algorithm,
      time: Date.now() * 1000,
    };
    const result = { outcome, path: path === request.path ? undefined : path, etag, ...moved };
    remembered.upload = recordedUpload(publishedUpload(remembered.upload, result));
    return withReceipt(this.#run, result);
  }

  /** It was committed before: what comes is dropped, and who sends the same is told the same. */
  async #replay(asked: number): Promise<Success> {
    const remembered = this.#remembered;
    const { upload, offset } = acceptUpload(remembered.upload, this.#epoch, asked, BLOCK_SIZE);
    remembered.upload = upload;
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
    if (state === 'publishing' || (state === 'staging' && this.#gone === undefined)) {
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

  /** All of OPEN that makes two of them requests for the same. */
  #requestText(): string {
    const { path, size, ifExists = 'fail', mtime, executable = false } = this.#run.request;
    return JSON.stringify([path, size, ifExists, mtime, executable, this.#algorithm]);
  }
}

const superseded = (): FilexError => new FilexError('SUPERSEDED', undefined, { effect: 'unknown' });

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

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

  onStored(stored: number): Promise<void> | undefined {
    const now = Driver.now();
    if (stored - this.#offset < SYNC_BYTES && now - this.#at < SYNC_INTERVAL) return undefined;
    return this.#sync(stored);
  }

  async #sync(stored: number): Promise<void> {
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
