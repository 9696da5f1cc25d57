import { checkPath, type Entry, FilexError } from '@filex/protocol';
import { fileError, type Session, setModificationTime, type TransferResult } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { Standings } from '../tree/standings.js';
import { Engine } from './engine.js';
import type { LocalTree } from './local-tree.js';
import type { DownloadTies } from './memory.js';
import type { TransferOptions } from './options.js';
import type { Lane, Observer } from './outcome.js';
import { joinRemote, parentOf } from './remote-path.js';

interface WantedFile {
  readonly kind: 'file';
  readonly remote: string;
  readonly local: string;
  readonly size: number;
  readonly etag?: string | undefined;
}

interface WantedFolder {
  readonly kind: 'folder';
  readonly remote: string;
  readonly tree: LocalTree;
  /** Where it goes, below the top of `tree`: `''` puts what is in it right there. */
  readonly place: string;
  /** Microseconds since 1970. */
  readonly mtime: number;
}

interface WantedEntry {
  readonly kind: 'entry';
  readonly remote: string;
  readonly tree: LocalTree;
  /** Where it goes, below the top of `tree`. */
  readonly place: string;
  readonly size: number;
  readonly etag?: string | undefined;
}

/** One thing the user named, and where it goes. */
export type DownloadSource = WantedFile | WantedEntry | WantedFolder;

/** One step of the work. */
export type DownloadItem =
  | { readonly kind: 'folder'; readonly remote: string; readonly tree: LocalTree; readonly place: string }
  | WantedFile
  | WantedEntry;

interface FolderTime {
  readonly tree: LocalTree;
  readonly place: string;
  readonly mtime: number;
}

/** Downloads files and folders over one session. Nothing a server lists or sends leads outside of the destination. */
export class Download {
  readonly #session: Session;
  readonly #options: TransferOptions;
  readonly #observer: Observer;
  readonly #engine: Engine;
  #times: FolderTime[] = [];
  #timesCharacters = 0;

  /** @param observer told how everything goes. */
  constructor(session: Session, options: TransferOptions, observer: Observer) {
    this.#session = session;
    this.#options = options;
    this.#observer = observer;
    this.#engine = new Engine(options.transfers, observer, options.signal);
  }

  /** Rejects when the session ended or the user interrupted; everything else is told to the observer. */
  async run(sources: readonly DownloadSource[]): Promise<void> {
    const weigh = ({ remote }: DownloadItem): number => remote.length;
    await this.#engine.run(this.items(sources), weigh, (item) => this.#do(item));
    // Only now: every file that was put into a folder has changed its time.
    const times = this.#times;
    this.#times = [];
    await this.#engine.run(
      times,
      () => 0,
      (time) => this.#restoreTime(time),
    );
  }

  /** What there is to do, as the server lists it. Looking at it makes and fetches nothing. */
  async *items(sources: readonly DownloadSource[]): AsyncGenerator<DownloadItem, void, undefined> {
    for (const source of sources) {
      if (source.kind !== 'folder') {
        this.#observer.found(source.size);
        yield source;
        continue;
      }
      try {
        yield* this.#tree(source);
      } catch (error) {
        this.#observer.settle(this.#engine.failed(error, source.remote, source.tree.locate(source.place)));
      }
    }
    this.#observer.foundAll();
  }

  async *#tree(source: WantedFolder): AsyncGenerator<DownloadItem, void, undefined> {
    const { remote, tree, place } = source;
    if (place !== '') {
      this.#rememberTime({ tree, place, mtime: source.mtime });
      yield { kind: 'folder', remote, tree, place };
    }
    const standings = new Standings(this.#options.matcher);
    for await (const entry of this.#session.list(remote, { recursive: true, signal: this.#engine.signal })) {
      const item = this.#examine(entry, source, standings);
      if (item !== undefined) yield item;
    }
  }

  #examine(entry: Entry, source: WantedFolder, standings: Standings): DownloadItem | undefined {
    const { path, kind, size, mtime, etag } = entry;
    const { tree } = source;
    const remote = joinRemote(source.remote, path);
    const fault = faultOf(path);
    if (fault !== undefined) {
      this.#observer.settle({ status: 'failed', from: remote, to: undefined, error: fault });
      return undefined;
    }
    const place = joinRemote(source.place, path);
    if (kind === 'directory') {
      const verdict = standings.folder(path).verdict;
      if (verdict === 'leave') return undefined;
      this.#rememberTime({ tree, place, mtime });
      return verdict === 'take' ? { kind: 'folder', remote, tree, place } : undefined;
    }
    if (!standings.file(path)) return undefined;
    if (kind === 'file') {
      this.#observer.found(size);
      return { kind: 'entry', remote, tree, place, size, etag };
    }
    const detail = kind === 'symlink' ? 'a symlink on the server' : 'neither a file nor a folder';
    const reason = kind === 'symlink' ? 'symlink' : 'special';
    this.#observer.settle({ status: 'skipped', reason, from: remote, to: undefined, detail });
    return undefined;
  }

  #rememberTime(time: FolderTime): void {
    const { folderTimes, folderTimesCharacters } = bounds;
    if (this.#times.length >= folderTimes || this.#timesCharacters >= folderTimesCharacters) return;
    this.#times.push(time);
    this.#timesCharacters += time.place.length;
  }

  async #do(item: DownloadItem): Promise<void> {
    if (item.kind === 'file') {
      await this.#engine.transfer(item.size, () => this.#fetch(item.local, item));
      return;
    }
    if (item.kind === 'folder') {
      this.#ready(item.remote, item.tree, item.place);
      return;
    }
    const { remote, tree, place, size } = item;
    if (!this.#ready(parentOf(remote), tree, parentOf(place))) {
      this.#observer.notTried(size);
      return;
    }
    let local: string;
    try {
      local = tree.locateFile(place);
    } catch (error) {
      this.#observer.begin(remote, size).end(this.#engine.failed(error, remote, undefined));
      return;
    }
    await this.#engine.transfer(size, () => this.#fetch(local, item));
  }

  /** Whether files can be put into the folder. */
  #ready(remote: string, tree: LocalTree, place: string): boolean {
    const failure = tree.ensure(place);
    if (failure === undefined) return true;
    this.#engine.folderFailed(failure, remote, tree.locate(place));
    return false;
  }

  async #fetch(local: string, item: WantedFile | WantedEntry): Promise<void> {
    const { remote, size, etag } = item;
    const lane = this.#observer.begin(remote, size);
    try {
      const { url, ifExists, memory } = this.#options;
      const get = (ties?: DownloadTies): Promise<TransferResult> => this.#get(item, local, lane, ties);
      const result =
        size <= bounds.rememberedSize
          ? await get()
          : await (await memory()).download({ url, remote, local, ifExists, size, etag }, get);
      const { outcome, digest, algorithm } = result;
      if (outcome === 'skipped') {
        lane.end({ status: 'skipped', reason: 'exists', from: remote, to: local, detail: 'already there' });
      } else {
        lane.end({
          status: 'done',
          outcome,
          from: remote,
          to: result.path,
          size: result.size,
          digest,
          algorithm,
        });
      }
    } catch (error) {
      lane.end(this.#engine.failed(error, remote, local));
    }
  }

  #get(
    { remote, size }: WantedFile | WantedEntry,
    local: string,
    lane: Lane,
    ties?: DownloadTies,
  ): Promise<TransferResult> {
    return this.#session.download(remote, local, {
      size,
      ifExists: this.#options.ifExists,
      durable: this.#options.durable,
      signal: this.#engine.signal,
      onProgress: ({ acknowledged, total }) => lane.progress(acknowledged, total),
      ...ties,
    });
  }

  async #restoreTime({ tree, place, mtime }: FolderTime): Promise<void> {
    // A folder that was not made, because it failed or nothing in it was taken, has no time to restore.
    if (!tree.has(place)) return;
    const local = tree.locate(place);
    try {
      await setModificationTime(local, mtime);
    } catch (error) {
      const failure = fileError(error, { action: 'set the time of', path: local });
      this.#observer.settle(this.#engine.failed(failure, local, undefined));
    }
  }
}

/** The library refuses such a listing as a whole; what is written to disk is worth a second look. */
function faultOf(path: string): FilexError | undefined {
  try {
    checkPath(path);
    return path === ''
      ? new FilexError('PATH_INVALID', 'the server listed something without a name')
      : undefined;
  } catch (error) {
    return FilexError.from(error);
  }
}
