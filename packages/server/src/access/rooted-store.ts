import { checkPath, codes, type Entry, FilexError, type Outcome, pathFault } from '@filex/protocol';
import type { WholeFile } from '@filex/protocol/node';
import type {
  CommitOutcome,
  KeptUpload,
  MakeDirectoryOptions,
  StagedUpload,
  StageRequest,
  Store,
  StoredFile,
  UploadKey,
  WholeUpload,
} from '../store/store.js';
import { QuotaExceeded } from './quota.js';

/**
 * A folder of a store as a store of its own. Nothing that is asked of it leads out of the folder, and nothing that it says,
 * errors included, tells where the folder is.
 */
export class RootedStore implements Store {
  readonly #store: Store;
  readonly #root: string;
  readonly #onMissing: () => void;

  /**
   * @param root not `''`; need not exist: `makeDirectory('', { parents: true, … })` makes it.
   * @param onMissing called when something was not found, which may be the root.
   */
  constructor(store: Store, root: string, onMissing: () => void = () => {}) {
    this.#store = store;
    this.#root = root;
    this.#onMissing = onMissing;
  }

  async stat(path: string): Promise<Entry> {
    const entry = await this.#ask(path, 'look at', (at) => this.#store.stat(at));
    return { ...entry, path };
  }

  async *list(path: string, options: { readonly recursive: boolean }): AsyncGenerator<Entry> {
    checkPath(path);
    try {
      yield* this.#store.list(this.#inside(path), options);
    } catch (error) {
      throw this.#translated(error, path);
    }
  }

  async open(path: string, options: { readonly ifMatch: string | undefined }): Promise<StoredFile> {
    const file = await this.#ask(path, 'read', (at) => this.#store.open(at, options));
    return {
      entry: { ...file.entry, path },
      read: (buffer, offset) => this.#translate(path, file.read(buffer, offset)),
      verify: () => this.#translate(path, file.verify()),
      close: () => this.#translate(path, file.close()),
    };
  }

  readWhole(path: string, options: Parameters<NonNullable<Store['readWhole']>>[1]): WholeFile | undefined {
    const at = this.#inside(path);
    // What cannot be had so is asked for with `open`, which knows how to say why.
    if (pathFault(path) !== undefined || pathFault(at) !== undefined) return undefined;
    const file = this.#store.readWhole?.(at, options);
    return file && { ...file, entry: { ...file.entry, path } };
  }

  async stage(request: StageRequest): Promise<StagedUpload> {
    const { path } = request;
    this.#refuseRoot(path, 'store');
    const staged = await this.#ask(path, 'store', (at) => this.#store.stage({ ...request, path: at }));
    return this.#view(path, staged);
  }

  stageWhole(request: StageRequest): WholeUpload | undefined {
    const { path } = request;
    this.#refuseRoot(path, 'store');
    const whole = this.#askNow(path, 'store', (at) => this.#store.stageWhole?.({ ...request, path: at }));
    if (whole === undefined) return undefined;
    return {
      commit: async (commit, bytes) =>
        this.#seen(await this.#translate(path, whole.commit(commit, bytes)), path),
      fence: (epoch) => this.#translate(path, whole.fence(epoch)),
    };
  }

  async recall(key: UploadKey): Promise<KeptUpload | undefined> {
    const kept = await this.#translate('', this.#store.recall(key));
    const path = kept && this.#outside(kept.path);
    // Of another root, which this user had before.
    if (kept === undefined || path === undefined || path === '') return undefined;
    const { arguments: asked, epoch, leaves, committed } = kept;
    return {
      arguments: asked,
      path,
      epoch,
      leaves,
      committed: committed && {
        request: committed.request,
        outcome: this.#seen(committed.outcome, path),
      },
      resume: async () => this.#view(path, await this.#translate(path, kept.resume())),
      fence: (told) => this.#translate(path, kept.fence(told)),
    };
  }

  keptBytes(path: string): Promise<number> {
    return this.#store.keptBytes(this.#inside(path));
  }

  #view(path: string, staged: StagedUpload): StagedUpload {
    return {
      write: (bytes, offset) => this.#translate(path, staged.write(bytes, offset)),
      sync: () => this.#translate(path, staged.sync()),
      truncate: (length) => this.#translate(path, staged.truncate(length)),
      blockWritten: (leaf, index) => this.#translate(path, staged.blockWritten(leaf, index)),
      fence: (epoch) => this.#translate(path, staged.fence(epoch)),
      suspend: () => this.#translate(path, staged.suspend()),
      commit: async (commit) => this.#seen(await this.#translate(path, staged.commit(commit)), path),
      abort: () => this.#translate(path, staged.abort()),
    };
  }

  #seen(outcome: CommitOutcome, path: string): CommitOutcome {
    return { ...outcome, path: this.#outside(outcome.path) ?? path };
  }

  makeDirectory(path: string, options: MakeDirectoryOptions): Promise<Outcome> {
    return this.#ask(path, 'make', (at) => this.#store.makeDirectory(at, options));
  }

  async rename(path: string, target: string, options: Parameters<Store['rename']>[2]): Promise<Outcome> {
    this.#refuseRoot(path, 'rename');
    this.#refuseRoot(target, 'rename to');
    checkPath(target);
    return this.#ask(path, 'rename', (at) => this.#store.rename(at, this.#inside(target), options));
  }

  async remove(path: string, options: { readonly recursive: boolean }): Promise<Outcome> {
    this.#refuseRoot(path, 'remove');
    return this.#ask(path, 'remove', (at) => this.#store.remove(at, options));
  }

  /** The whole store is somebody else's to close. */
  async close(): Promise<void> {}

  async #ask<T>(path: string, action: string, call: (at: string) => Promise<T>): Promise<T> {
    const at = this.#placeOf(path, action);
    // Called here, so that what is thrown at once is translated as well.
    return this.#translate(path, (async () => call(at))());
  }

  #askNow<T>(path: string, action: string, call: (at: string) => T): T {
    const at = this.#placeOf(path, action);
    try {
      return call(at);
    } catch (error) {
      throw this.#translated(error, path);
    }
  }

  #placeOf(path: string, action: string): string {
    checkPath(path);
    const at = this.#inside(path);
    try {
      checkPath(at);
    } catch {
      throw new FilexError('PATH_INVALID', `cannot ${action} ${JSON.stringify(path)}: the path is too long`, {
        path,
      });
    }
    return at;
  }

  async #translate<T>(path: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#translated(error, path);
    }
  }

  /** The same error in the words of somebody who sees only this folder. */
  #translated(error: unknown, path: string): unknown {
    if (!(error instanceof FilexError) || error instanceof QuotaExceeded) return error;
    const { code, effect, retry, message } = error;
    if (code === 'NOT_FOUND' || code === 'PARENT_NOT_FOUND') this.#onMissing();
    return new FilexError(
      code,
      this.#reworded(message) ?? `${JSON.stringify(path)}: ${codes[code].meaning}`,
      {
        path: (error.path === undefined ? undefined : this.#outside(error.path)) ?? path,
        effect,
        retry,
        cause: error,
      },
    );
  }

  /** A message with the paths in it made shorter; undefined when it could still tell something. */
  #reworded(message: string): string | undefined {
    const quoted = JSON.stringify(this.#root).slice(0, -1);
    const reworded = message.replaceAll(`${quoted}/`, '"').replaceAll(`${quoted}"`, '""');
    const tells = [this.#root, quoted.slice(1)].some((text) => reworded.includes(text));
    return tells ? undefined : reworded;
  }

  #inside(path: string): string {
    return path === '' ? this.#root : `${this.#root}/${path}`;
  }

  #outside(path: string): string | undefined {
    if (path === this.#root) return '';
    return path.startsWith(`${this.#root}/`) ? path.slice(this.#root.length + 1) : undefined;
  }

  #refuseRoot(path: string, action: string): void {
    if (path === '') throw new FilexError('PERMISSION_DENIED', `cannot ${action} the root folder`, { path });
  }
}
