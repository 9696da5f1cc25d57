import type { Code } from '../../codes.js';
import type { OperationResult } from '../../connection.js';
import { type Effect, FilexError } from '../../errors.js';
import {
  acceptAttempt,
  attemptsOnRecord,
  beginAttempt,
  endAttempt,
  failAttempt,
  loseAttempt,
  noAttempt,
  type UploadAttempts,
} from '../../machine/upload-attempts.js';
import type { DigestAlgorithm } from '../../vocabulary.js';
import { BLOCK_SIZE, digestsEqual, type HashFactory, treeDigestOf } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { MAX_NEW_BEGINNINGS } from '../bounds.js';
import { DataSender, type PieceSource, type Sent } from '../data-sender.js';
import type { StreamEvent, StreamListener } from '../driver.js';
import { digestPrefix } from '../prefix.js';
import { randomFromPool } from '../random-pool.js';
import type { TransferResult, UploadOptions, UploadSource } from '../types.js';
import { Answer, operationError, resetStream, withEffect } from './answer.js';
import type { ClientContext } from './context.js';
import { onAbort } from './on-abort.js';
import { type Again, type OpenedSource, openSource } from './opened-source.js';
import { UploadProgress } from './upload-progress.js';

/** Bytes of an operation id. */
const ID_SIZE = 16;

/** Uploads one source under one name. */
export async function upload(
  context: ClientContext,
  source: UploadSource,
  path: string,
  options: UploadOptions,
): Promise<TransferResult> {
  const transfer = new Upload(source, path, options);
  try {
    return await transfer.attempt(context);
  } finally {
    await transfer.close();
  }
}

/** One upload, over as many connections as it needs. */
export class Upload {
  readonly #source: UploadSource;
  readonly #path: string;
  readonly #options: UploadOptions;
  readonly #progress: UploadProgress;
  #opened: OpenedSource | undefined;
  #id: Uint8Array | undefined;
  #algorithm: DigestAlgorithm | undefined;
  /** Attempts of this object with this id. */
  #made = 0;
  #beginnings = 0;
  /** What its streams share. */
  readonly #state: UploadState;

  constructor(source: UploadSource, path: string, options: UploadOptions) {
    this.#source = source;
    this.#path = path;
    this.#options = options;
    const attempts = attemptsOnRecord(options.earlierAttempts ?? 0);
    this.#state = { attempts, sent: undefined, leaves: [], refusal: undefined };
    this.#progress = new UploadProgress(options.onProgress);
  }

  /** What may have come of all attempts so far. */
  get effect(): Effect {
    return this.#state.attempts.effect;
  }

  /** Makes one attempt. */
  async attempt(context: ClientContext): Promise<TransferResult> {
    const { signal, ifExists } = this.#options;
    try {
      signal?.throwIfAborted();
      return await this.#attempt(context);
    } catch (error) {
      if (isSkip(error, ifExists)) {
        const size = this.#opened?.size ?? 0;
        return {
          outcome: 'skipped',
          path: this.#path,
          size,
          digest: undefined,
          algorithm: context.algorithm,
        };
      }
      throw withEffect(operationError(error, signal, this.#path), this.effect);
    }
  }

  /**
   * Whether the server has counted the last attempt no further than the one before: two servers of one folder that know an upload
   * count by themselves, so the next one is newer. Nobody has taken it over, which is what SUPERSEDED says when a server does.
   */
  wantsRepeat({ code }: FilexError): boolean {
    return code === 'SUPERSEDED' && this.#state.refusal === 'SUPERSEDED';
  }

  /** Whether another attempt could do it. */
  canRepeat(error: FilexError): boolean {
    // Otherwise it is not an older one of ours that came late.
    if (error.code === 'SUPERSEDED' && !this.wantsRepeat(error) && this.#made < 2) return false;
    const opened = this.#opened;
    return (
      opened === undefined ||
      opened.again !== undefined ||
      this.#state.sent !== undefined ||
      opened.isUntouched()
    );
  }

  /** Puts the source away. Nothing follows. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  async #attempt(context: ClientContext): Promise<TransferResult> {
    this.#opened ??= await openSource(this.#source, this.#options);
    if (this.#made > 0) await this.#checkSource();
    const { onAttempt } = this.#options;
    this.#id ??= idOf(this.#options.operationId) ?? randomFromPool(ID_SIZE);
    // As it was the first time: it is one of the arguments by which the server knows the upload.
    this.#algorithm ??= context.algorithm;
    const operationId = Buffer.from(this.#id).toString('hex');
    await onAttempt?.({ operationId, attempt: this.#state.attempts.attempt + 1 });
    this.#made += 1;
    this.#state.refusal = undefined;
    const source = this.#opened;
    this.#progress.total = source.size;
    const stream = new UploadStream(context, this.#path, this.#options, {
      source,
      operationId: this.#id,
      algorithm: this.#algorithm,
      offset: this.#offset(source),
      progress: this.#progress,
      state: this.#state,
    });
    try {
      return await stream.run();
    } catch (error) {
      // The source was looked at, and is what it was: what the server has kept is wrong. It knows, and drops it.
      const isWrong = this.#state.refusal === 'SOURCE_CHANGED';
      if (!isWrong || this.#made < 2 || !this.#mayBeginAgain()) throw error;
      await this.#beginAgain();
      return this.#attempt(context);
    }
  }

  #mayBeginAgain(): boolean {
    // Otherwise something of the old one may be there: whoever asked for this must know.
    return this.#state.attempts.effect === 'none' && this.#beginnings < MAX_NEW_BEGINNINGS;
  }

  /** What to ask the server for: as much as it may have. */
  #offset({ again, size }: OpenedSource): number | undefined {
    if (this.#state.attempts.attempt === 0) return undefined;
    const offset = this.#state.sent?.length ?? (again === undefined ? 0 : (size ?? 0));
    return offset > 0 ? offset : undefined;
  }

  /**
   * Before another attempt: a file that has changed is another upload.
   * @throws FilexError `SOURCE_CHANGED`.
   */
  async #checkSource(): Promise<void> {
    // All of it was sent before, and was one version then: the server can be asked for that, whatever the file is now.
    if (this.#state.sent !== undefined) return;
    try {
      await (this.#opened as OpenedSource).verify();
    } catch (error) {
      const changed = error instanceof FilexError && error.code === 'SOURCE_CHANGED';
      const isPath = typeof this.#source === 'string' || this.#source instanceof URL;
      if (!changed || !isPath || !this.#mayBeginAgain()) throw error;
      await this.#beginAgain();
    }
  }

  async #beginAgain(): Promise<void> {
    this.#beginnings += 1;
    await this.close();
    this.#id = randomFromPool(ID_SIZE);
    this.#state.attempts = noAttempt;
    this.#made = 0;
    this.#state.leaves = [];
    this.#opened = await openSource(this.#source, this.#options);
  }
}

/** What is known of an upload, over all of its streams. */
interface UploadState {
  attempts: UploadAttempts;
  /** What END has said that the file is, unless it was answered with a failure. */
  sent: Sent | undefined;
  /** The digests of the first whole blocks, as far as they were read. */
  leaves: Uint8Array[];
  /** Why this end did not go on where the server said, in the last attempt. */
  refusal: Code | undefined;
}

/** One attempt at an upload: a stream of one connection. */
class UploadStream {
  readonly #context: ClientContext;
  readonly #path: string;
  readonly #options: UploadOptions;
  readonly #source: OpenedSource;
  readonly #operationId: Uint8Array;
  readonly #algorithm: DigestAlgorithm;
  readonly #createHash: HashFactory;
  readonly #offset: number | undefined;
  readonly #progress: UploadProgress;
  readonly #state: UploadState;
  readonly #answer: Answer;
  #sender: DataSender | undefined;
  /** Told where to go on, while somebody waits for that. */
  #accept: ((accept: Messages['ACCEPT']) => void) | undefined;
  #stream = 0;

  constructor(
    context: ClientContext,
    path: string,
    options: UploadOptions,
    what: {
      readonly source: OpenedSource;
      readonly operationId: Uint8Array;
      readonly algorithm: DigestAlgorithm;
      readonly offset: number | undefined;
      readonly progress: UploadProgress;
      readonly state: UploadState;
    },
  ) {
    this.#context = context;
    this.#path = path;
    this.#options = options;
    this.#source = what.source;
    this.#operationId = what.operationId;
    this.#algorithm = what.algorithm;
    this.#createHash = context.hashOf(what.algorithm) ?? context.createHash;
    this.#offset = what.offset;
    this.#progress = what.progress;
    this.#state = what.state;
    this.#answer = new Answer(
      path,
      () => this.#state.attempts.effect !== 'none',
      (told) => this.#fail(told),
    );
  }

  async run(): Promise<TransferResult> {
    const { ifExists = 'fail', signal } = this.#options;
    const { driver } = this.#context;
    const { size, mtime, executable } = this.#source;
    const [offset, operationId, algorithm] = [this.#offset, this.#operationId, this.#algorithm];
    const request = {
      operation: 'upload',
      operationId,
      path: this.#path,
      size,
      ifExists,
      mtime,
      executable,
      algorithm,
      offset,
      receipt: this.#options.receipt,
    } as const;
    const listen = (stream: number): StreamListener => {
      this.#stream = stream;
      this.#state.attempts = beginAttempt(this.#state.attempts, offset ?? 0);
      return {
        onEvent: (event) => this.#onEvent(event),
        onLost: (error, unseen) => this.#onLost(error, unseen),
      };
    };
    if (this.#context.openNow(request, listen) === undefined)
      await this.#context.open(request, listen, signal);
    const stopListening = onAbort(signal, () => {
      resetStream(driver, this.#stream, 'CANCELLED');
      this.#answer.cancel();
      this.#sender?.cancel();
    });
    try {
      const sent = this.#sendWhole() ?? (await this.#send());
      if (sent !== undefined) this.#end(sent);
      const result = await this.#answer.settled;
      if (sent === undefined) {
        throw new FilexError('STATE_VIOLATION', 'the server took a file that was not sent', {
          path: this.#path,
        });
      }
      this.#tellStored(sent.length);
      return this.#result(result, sent);
    } catch (error) {
      // The source failed: the server is told before the error goes on, and keeps nothing.
      if (!this.#answer.given) this.#giveUp(error);
      throw error;
    } finally {
      stopListening();
    }
  }

  /** Sends what is at hand and fits into what can be sent now; undefined when that is not so. */
  #sendWhole(): Sent | undefined {
    const { whole } = this.#source;
    if (whole === undefined || this.#offset !== undefined || this.#answer.given) return undefined;
    const { driver } = this.#context;
    if (!driver.writeNow(this.#stream, whole)) return undefined;
    this.#progress.sent(whole.length);
    return { length: whole.length, digest: treeDigestOf(whole, this.#createHash) };
  }

  /** Sends what the server does not have; undefined when there is an answer already. */
  async #send(): Promise<Sent | undefined> {
    const { size } = this.#source;
    const sender = this.#makeSender();
    if (this.#offset === undefined) return this.#whole(await sender.run(this.#source.pieces(), size));
    const accept = await this.#accepted();
    const before = this.#state.sent;
    if (before !== undefined && accept.offset === before.length) {
      this.#judge(accept, digestsEqual(before.digest, accept.prefix as Uint8Array));
      this.#progress.startAt(accept.offset);
      return before;
    }
    const { again } = this.#source;
    if (again === undefined) {
      const words = 'the connection was lost, and the source cannot be read again';
      throw new FilexError('CONNECTION_LOST', words, { path: this.#path });
    }
    const pieces = await this.#goOn(accept, again);
    return this.#whole(await sender.run(pieces, size));
  }

  /** Only for what cannot be sent in one go: it takes more to make one than to send a small file. */
  #makeSender(): DataSender {
    const sender = new DataSender(
      this.#context.driver,
      this.#stream,
      this.#createHash,
      (sent) => this.#progress.sent(sent),
      (leaf, index) => this.#onBlock(leaf, index),
    );
    if (this.#answer.given) sender.cancel();
    this.#sender = sender;
    return sender;
  }

  /** Where to go on, once the server has said so. */
  #accepted(): Promise<Messages['ACCEPT']> {
    return new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#answer.settled.then(() => reject(new FilexError('STATE_VIOLATION')), reject);
    });
  }

  /** All was read: it has to be one version of the file. */
  async #whole(sent: Sent | undefined): Promise<Sent | undefined> {
    if (sent === undefined || this.#answer.given) return undefined;
    // The last leaf is of a block that is not whole.
    this.#state.leaves.length = Math.min(this.#state.leaves.length, Math.floor(sent.length / BLOCK_SIZE));
    await this.#source.verify();
    return sent;
  }

  /** Compares what the server says it has with the source; returns the rest of it. */
  async #goOn(accept: Messages['ACCEPT'], again: Again): Promise<PieceSource> {
    const { offset } = accept;
    const wanted = (): boolean => !this.#answer.given;
    const ours = await digestPrefix(again.file, offset, this.#createHash, wanted, this.#state.leaves);
    if (this.#answer.given) return await this.#answer.settled.then(() => again.from(offset));
    const same =
      offset === 0 || (ours !== undefined && digestsEqual(ours.digest, accept.prefix as Uint8Array));
    this.#judge(accept, same);
    if (ours !== undefined && offset > 0) {
      (this.#sender as DataSender).goOnAfter(ours);
      if (ours.leaves.length > this.#state.leaves.length) this.#state.leaves = [...ours.leaves];
    }
    this.#progress.startAt(offset);
    return again.from(offset);
  }

  /** Keeps the digest of a block. One that was read before must be the same as then. */
  #onBlock(leaf: Uint8Array, index: number): void {
    const { leaves } = this.#state;
    const known = leaves[index];
    if (known === undefined) leaves.push(leaf);
    else if (!digestsEqual(leaf, known)) {
      throw new FilexError('SOURCE_CHANGED', 'the file changed between two attempts', { path: this.#path });
    }
  }

  /** @throws FilexError why not to go on after this ACCEPT. */
  #judge(accept: Messages['ACCEPT'], prefixIsOurs: boolean): void {
    const { epoch } = this.#state.attempts;
    const { attempts, refusal } = acceptAttempt(this.#state.attempts, accept, prefixIsOurs);
    this.#state.attempts = attempts;
    this.#state.refusal = refusal;
    if (refusal === undefined) return;
    const words = `the server counts attempt ${accept.epoch} after attempt ${epoch} of the same upload`;
    throw new FilexError(refusal, refusal === 'SUPERSEDED' ? words : undefined, { path: this.#path });
  }

  #end(sent: Sent): void {
    if (this.#answer.given) return;
    this.#state.attempts = endAttempt(this.#state.attempts);
    this.#state.sent = sent;
    this.#context.driver.connection.end(this.#stream, sent.length, sent.digest);
    this.#context.driver.schedule();
  }

  #tellStored(length: number): void {
    try {
      this.#progress.acknowledged(length);
    } catch (cause) {
      const path = this.#path;
      throw new FilexError('INTERNAL', 'the progress listener failed', { path, effect: 'applied', cause });
    }
  }

  #result(result: OperationResult, sent: Sent): TransferResult {
    return {
      outcome: result.outcome ?? 'created',
      path: result.path === undefined || result.path === '' ? this.#path : result.path,
      size: sent.length,
      digest: Buffer.from(sent.digest).toString('hex'),
      algorithm: this.#algorithm,
      receipt: result.receipt,
    };
  }

  #onEvent(event: StreamEvent): void {
    // It may be another stream's turn by now.
    if (this.#answer.given) return;
    if (event.type === 'accept') {
      if (this.#state.attempts.state === 'asking') this.#accept?.(event.accept);
      else this.#judge(event.accept, true);
      return;
    }
    if (event.type !== 'ack') {
      if (event.type === 'reset') this.#fail(undefined);
      if (this.#answer.take(event)) this.#sender?.cancel();
      return;
    }
    try {
      this.#progress.acknowledged(event.offset);
    } catch (error) {
      // The caller's listener threw, on our stack: its upload fails, and nothing else.
      this.#giveUp(error);
    }
  }

  /** The server has failed with it. @returns what is to be said of the effect. */
  #fail(told: Effect | undefined): Effect {
    const state = this.#state;
    state.attempts = failAttempt(state.attempts, told);
    state.sent = undefined;
    // They may be what was wrong.
    state.leaves = [];
    return state.attempts.effect;
  }

  #onLost(error: FilexError, unseen: boolean): void {
    if (!this.#answer.given) {
      const { attempts } = this.#state;
      const lost = loseAttempt(attempts);
      this.#state.attempts = unseen ? { ...lost, effect: attempts.before } : lost;
    }
    this.#answer.lose(error);
    this.#sender?.cancel();
  }

  #giveUp(error: unknown): void {
    const failure = FilexError.from(error);
    // The stream is not heard any more, and no END was sent on it: what may have come of those before it is what it was.
    if (this.#state.refusal === 'SUPERSEDED') this.#state.attempts = loseAttempt(this.#state.attempts);
    resetStream(this.#context.driver, this.#stream, failure.code);
    this.#answer.lose(failure);
    this.#sender?.cancel();
  }
}

/** @throws FilexError when it is not one. */
function idOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9a-f]{32}$/i.test(text)) {
    throw new FilexError('UNSUPPORTED', 'an operation id has 32 hexadecimal digits');
  }
  return Buffer.from(text, 'hex');
}

/** With these policies something else being there is not a failure. */
export function isSkip(error: unknown, ifExists: UploadOptions['ifExists']): boolean {
  return (
    (ifExists === 'skip' || ifExists === 'newer') &&
    error instanceof FilexError &&
    error.code === 'ALREADY_EXISTS'
  );
}
