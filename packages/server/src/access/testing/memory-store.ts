import { type Entry, FilexError, type Outcome } from '@filex/protocol';
import { numberedName } from '@filex/protocol/node';
import type {
  CommitOutcome,
  CommitRequest,
  MakeDirectoryOptions,
  StagedUpload,
  StageRequest,
  Store,
  StoredFile,
} from '../../store/store.js';

/** A store in memory that only knows sizes, for tests of what happens at the same time. */
export class MemoryStore implements Store {
  /** Sizes by path; undefined is a folder. */
  readonly nodes = new Map<string, number | undefined>();
  readonly #kept: { readonly path: string; readonly bytes: number }[] = [];
  readonly #pause: () => Promise<unknown>;
  readonly #onChange: () => void;

  /**
   * @param pause waited for before each step of the store, and between the steps of a listing.
   * @param onChange called after each change.
   */
  constructor(pause: () => Promise<unknown> = async () => undefined, onChange: () => void = () => {}) {
    this.#pause = pause;
    this.#onChange = onChange;
  }

  /** What is below a folder. */
  usage(root: string): { bytes: number; files: number } {
    const below = [...this.nodes].filter(([path]) => root === '' || path.startsWith(`${root}/`));
    return { bytes: below.reduce((sum, [, size]) => sum + (size ?? 0), 0), files: below.length };
  }

  async stat(path: string): Promise<Entry> {
    await this.#pause();
    if (!this.#isFolder(path) && this.nodes.get(path) === undefined) throw refusal('NOT_FOUND', path);
    return this.#entry(path, path);
  }

  async *list(path: string, { recursive }: { readonly recursive: boolean }): AsyncGenerator<Entry> {
    if (!this.#isFolder(path)) throw refusal('NOT_FOUND', path);
    const pending = [path];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      await this.#pause();
      const top = folder === '' ? '' : `${folder}/`;
      const names = [...this.nodes.keys()].filter(
        (at) => at.startsWith(top) && !at.slice(top.length).includes('/'),
      );
      for (const at of names) {
        await this.#pause();
        if (!this.nodes.has(at)) continue;
        yield this.#entry(at, path === '' ? at : at.slice(path.length + 1));
        if (recursive && this.#isFolder(at)) pending.push(at);
      }
    }
  }

  open(path: string): Promise<StoredFile> {
    return Promise.reject(refusal('UNSUPPORTED', path));
  }

  /** Nothing is gone on with, but what is kept takes room. */
  async recall(): Promise<undefined> {
    return undefined;
  }

  async keptBytes(path: string): Promise<number> {
    const below = this.#kept.filter((one) => path === '' || one.path.startsWith(`${path}/`));
    return below.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async stage({ path, ifExists }: StageRequest): Promise<StagedUpload> {
    await this.#pause();
    let length = 0;
    return {
      write: async (bytes) => {
        await this.#pause();
        length += bytes.length;
      },
      sync: async () => length,
      truncate: async (to) => {
        length = to;
      },
      blockWritten: async () => undefined,
      fence: async () => undefined,
      suspend: async () => {
        this.#kept.push({ path, bytes: length });
      },
      commit: async (request: CommitRequest): Promise<CommitOutcome> => {
        await this.#pause();
        this.#needParent(path);
        for (let number = 0; ; number += 1) {
          const at = number === 0 ? path : numberedName(path, number);
          const taken = this.nodes.has(at);
          if (taken && ifExists === 'rename') continue;
          if (taken && (ifExists !== 'overwrite' || this.#isFolder(at))) throw refusal('ALREADY_EXISTS', at);
          this.#set(at, request.length);
          await this.#pause();
          return { outcome: taken ? 'replaced' : 'created', path: at, etag: '' };
        }
      },
      abort: () => Promise.resolve(),
    };
  }

  async makeDirectory(path: string, { parents }: MakeDirectoryOptions): Promise<Outcome> {
    await this.#pause();
    const names = path.split('/');
    let outcome: Outcome = 'identical';
    for (let i = 1; i <= names.length; i += 1) {
      const at = names.slice(0, i).join('/');
      if (this.#isFolder(at)) continue;
      if (this.nodes.has(at)) throw refusal(i === names.length ? 'ALREADY_EXISTS' : 'NOT_A_DIRECTORY', at);
      if (i < names.length && !parents) throw refusal('PARENT_NOT_FOUND', at);
      this.#set(at, undefined);
      outcome = 'created';
    }
    return outcome;
  }

  async rename(path: string, target: string, { ifExists }: Parameters<Store['rename']>[2]): Promise<Outcome> {
    await this.#pause();
    if (!this.nodes.has(path)) throw refusal('NOT_FOUND', path);
    if (`${target}/`.startsWith(`${path}/`)) throw refusal('PATH_INVALID', path);
    this.#needParent(target);
    const taken = this.nodes.has(target);
    const replace = ifExists === 'overwrite' && !this.#isFolder(target) && !this.#isFolder(path);
    if (taken && !replace) throw refusal('ALREADY_EXISTS', target);
    for (const [at, size] of [...this.nodes]) {
      if (at !== path && !at.startsWith(`${path}/`)) continue;
      this.nodes.delete(at);
      this.nodes.set(target + at.slice(path.length), size);
    }
    this.#onChange();
    await this.#pause();
    return taken ? 'replaced' : 'renamed';
  }

  async remove(path: string): Promise<Outcome> {
    await this.#pause();
    if (!this.nodes.has(path)) throw refusal('NOT_FOUND', path);
    for (const at of [...this.nodes.keys()])
      if (at === path || at.startsWith(`${path}/`)) this.nodes.delete(at);
    this.#onChange();
    return 'removed';
  }

  async close(): Promise<void> {}

  #set(path: string, size: number | undefined): void {
    this.nodes.set(path, size);
    this.#onChange();
  }

  #isFolder(path: string): boolean {
    return path === '' || (this.nodes.has(path) && this.nodes.get(path) === undefined);
  }

  #needParent(path: string): void {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!this.#isFolder(folder)) throw refusal('PARENT_NOT_FOUND', path);
  }

  #entry(at: string, path: string): Entry {
    const size = this.nodes.get(at);
    return {
      path,
      kind: size === undefined ? 'directory' : 'file',
      size: size ?? 0,
      mtime: 0,
      executable: false,
    };
  }
}

function refusal(code: FilexError['code'], path: string): FilexError {
  return new FilexError(code, `${path}: ${code}`, { path });
}
