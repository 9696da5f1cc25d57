import { basename, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { checkPath } from '@filex/protocol';
import type { Progress, Session, TransferResult } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import type { KeepReceipt } from '../receipts/keep-receipts.js';
import { type FoundFolder, walk } from '../tree/walk.js';
import { Engine } from './engine.js';
import { sliced } from './lanes.js';
import type { UploadTies } from './memory.js';
import type { TransferOptions } from './options.js';
import type { Observer } from './outcome.js';
import { RemoteFolder } from './remote-folder.js';
import { baseOf, joinRemote } from './remote-path.js';

interface SourceFile {
  readonly kind: 'file';
  readonly local: string;
  readonly remote: string;
  readonly size: number;
}

interface SourceFolder {
  readonly kind: 'folder';
  readonly local: string;
  readonly remote: string;
  /** Only what is in it is meant: `remote` is a folder of its own, whose time stays. */
  readonly contents: boolean;
}

interface SourceStream {
  readonly kind: 'stream';
  readonly stream: Readable;
  readonly remote: string;
}

/** One thing the user named, and where it goes. */
export type UploadSource = SourceFile | SourceFolder | SourceStream;

export interface UploadOptions extends TransferOptions {
  /** Upload what symlinks point to, instead of skipping them. */
  readonly follow: boolean;
  /** Asks the server for receipts, and takes them. */
  readonly keepReceipt?: KeepReceipt | undefined;
}

/** One step of the work. A folder comes before what is in it. */
export type UploadItem =
  | { readonly kind: 'folder'; readonly folder: RemoteFolder }
  | (SourceFile & {
      readonly folder: RemoteFolder | undefined;
      /** What it is called below what the user named, `/`-separated. */
      readonly named: string;
    })
  | SourceStream;

/** Uploads files, folders and streams over one session. */
export class Upload {
  readonly #session: Session;
  readonly #options: UploadOptions;
  readonly #observer: Observer;
  readonly #engine: Engine;
  #times: { readonly remote: string; readonly local: string; readonly mtime: number }[] = [];
  /** Uploads under way that another run can go on with, and those that none can. */
  readonly #tied = new Set<Promise<unknown>>();
  readonly #untied = new Set<Promise<unknown>>();

  /** @param observer told how everything goes. */
  constructor(session: Session, options: UploadOptions, observer: Observer) {
    this.#session = session;
    this.#options = options;
    this.#observer = observer;
    this.#engine = new Engine(options.transfers, observer, options.signal);
    this.#engine.signal.addEventListener('abort', () => void this.#hangUp(), { once: true });
  }

  /** Rejects when the session ended or the user interrupted; everything else is told to the observer. */
  async run(sources: readonly UploadSource[]): Promise<void> {
    const items = sliced(this.items(sources), bounds.walkSlice);
    const weigh = (item: UploadItem): number => ('remote' in item ? item.remote.length : 0);
    await this.#engine.run(items, weigh, (item) => this.#do(item));
    // Only now: every file that was put into a folder has changed its time.
    const times = this.#times;
    this.#times = [];
    await this.#engine.run(
      times,
      () => 0,
      (time) => this.#restoreTime(time),
    );
  }

  /** What there is to do, found on the way. Looking at it makes and sends nothing. */
  *items(sources: readonly UploadSource[]): Generator<UploadItem, void, undefined> {
    for (const source of sources) {
      if (source.kind === 'folder') {
        yield* this.#tree(source);
        continue;
      }
      this.#observer.found(source.kind === 'file' ? source.size : 0);
      yield source.kind === 'file'
        ? { ...source, folder: undefined, named: basename(resolve(source.local)) }
        : source;
    }
    this.#observer.foundAll();
  }

  *#tree(source: SourceFolder): Generator<UploadItem, void, undefined> {
    const folders = new WeakMap<FoundFolder, RemoteFolder>();
    for (const found of walk(source.local, this.#options)) {
      if (found.kind === 'skipped') {
        const { reason, shown, detail } = found;
        this.#observer.settle({ status: 'skipped', reason, from: shown, to: undefined, detail });
        continue;
      }
      if (found.kind === 'failed') {
        this.#observer.settle({ status: 'failed', from: found.shown, to: undefined, error: found.error });
        continue;
      }
      const { local } = found;
      const remote = joinRemote(source.remote, found.path);
      const parent = found.parent === undefined ? undefined : folders.get(found.parent);
      if (found.kind === 'file') {
        this.#observer.found(found.size);
        const named = joinRemote(source.contents ? '' : baseOf(source.remote), found.path);
        yield { kind: 'file', local, remote, size: found.size, folder: parent, named };
      } else if (remote !== '') {
        const keepsTime = source.contents && found.path === '';
        const folder = new RemoteFolder(local, remote, parent, () =>
          this.#makeFolder(local, remote, keepsTime ? undefined : found.mtime),
        );
        folders.set(found, folder);
        if (found.taken) yield { kind: 'folder', folder };
      }
    }
  }

  async #makeFolder(local: string, remote: string, mtime: number | undefined): Promise<void> {
    checkPath(remote);
    const { outcome } = await this.#session.makeDirectory(remote, {
      parents: true,
      signal: this.#engine.signal,
    });
    if (outcome === 'created') this.#observer.folderMade();
    if (mtime !== undefined && this.#times.length < bounds.folderTimes)
      this.#times.push({ remote, local, mtime });
  }

  async #do(item: UploadItem): Promise<void> {
    if (item.kind === 'file') await this.#sendFile(item);
    else if (item.kind === 'stream') await this.#sendStream(item);
    else await this.#ready(item.folder);
  }

  /** Whether what is in the folder can be sent. */
  async #ready(folder: RemoteFolder | undefined): Promise<boolean> {
    const failure = await folder?.ensure();
    if (folder === undefined || failure === undefined) return true;
    this.#engine.folderFailed(failure, folder.local, folder.remote);
    return false;
  }

  async #sendFile(item: Extract<UploadItem, { kind: 'file' }>): Promise<void> {
    const { local, remote, size, folder, named } = item;
    if (!(await this.#ready(folder))) {
      this.#observer.notTried(size);
      return;
    }
    if (size <= bounds.rememberedSize) {
      const send = (): Promise<void> =>
        this.#send(local, remote, size, (progress) => this.#put(local, remote, progress), named);
      await this.#engine.transfer(size, send);
      return;
    }
    const { url, ifExists, memory } = this.#options;
    const put = async (progress: (progress: Progress) => void): Promise<TransferResult> =>
      (await memory()).upload({ url, remote, local, ifExists, size }, (ties) =>
        this.#put(local, remote, progress, ties),
      );
    await this.#engine.transfer(size, () => this.#send(local, remote, size, put, named));
  }

  async #sendStream({ stream, remote }: SourceStream): Promise<void> {
    const send = (): Promise<void> =>
      this.#send('-', remote, 0, (progress) => this.#put(stream, remote, progress));
    await this.#engine.transfer(undefined, send);
  }

  /** Uploads, once. What is to be gone on with is not given up but left: see `#hangUp`. */
  async #put(
    source: string | Readable,
    remote: string,
    onProgress: (progress: Progress) => void,
    ties?: UploadTies,
  ): Promise<TransferResult> {
    const { signal } = this.#engine;
    signal.throwIfAborted();
    const { ifExists, keepReceipt } = this.#options;
    const tied = ties !== undefined;
    const receipt = keepReceipt !== undefined;
    const options = tied
      ? { ifExists, onProgress, receipt, ...ties }
      : { ifExists, onProgress, receipt, signal };
    const running = this.#session.upload(source, remote, options);
    const among = tied ? this.#tied : this.#untied;
    among.add(running);
    try {
      return await running;
    } finally {
      among.delete(running);
    }
  }

  /**
   * Cuts the connection when this transfer is given up: a server keeps what it has of an upload then, and drops it when it is told
   * that the upload is given up. Those that nobody will go on with are told so before.
   */
  async #hangUp(): Promise<void> {
    if (this.#tied.size === 0) return;
    await Promise.allSettled(this.#untied);
    setImmediate(() => this.#session.destroy());
  }

  async #send(
    from: string,
    remote: string,
    size: number,
    work: (onProgress: (progress: Progress) => void) => Promise<TransferResult>,
    named?: string,
  ): Promise<void> {
    const { keepReceipt } = this.#options;
    const lane = this.#observer.begin(from, size);
    try {
      const result = await work(({ acknowledged, total, transferred }) =>
        lane.progress(acknowledged, total ?? transferred),
      );
      const { outcome, digest, algorithm } = result;
      if (outcome === 'skipped') {
        lane.end({ status: 'skipped', reason: 'exists', from, to: remote, detail: 'already there' });
      } else {
        await keepReceipt?.(result, named);
        lane.end({ status: 'done', outcome, from, to: result.path, size: result.size, digest, algorithm });
      }
    } catch (error) {
      lane.end(this.#engine.failed(error, from, remote));
    }
  }

  async #restoreTime(time: {
    readonly remote: string;
    readonly local: string;
    readonly mtime: number;
  }): Promise<void> {
    const { remote, local, mtime } = time;
    try {
      await this.#session.makeDirectory(remote, { parents: true, mtime, signal: this.#engine.signal });
    } catch (error) {
      this.#observer.settle(this.#engine.failed(error, local, remote));
    }
  }
}
