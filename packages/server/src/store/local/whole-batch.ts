import { fsync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FilexError } from '@filex/protocol';
import { type CommitStep, errnoOf, fileError } from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import { etagOf } from './entry.js';
import { type Folder, pathIn } from './folder.js';
import type { WaitingFile, WholeFilesParts } from './small-file.js';
import type { SpacePromise } from './space.js';
import { rivalled } from './uploads/rivalled.js';
import type { RecordedContent, UploadRecord } from './uploads/upload-record.js';
import { WholeFile } from './whole-file.js';

const flush = promisify(fsync);

/** Policies under which two of our own uploads take turns about a name, as `StagedFile` does. */
const TAKES_TURNS = new Set(['rename', 'overwrite', 'newer']);

/** What file systems without links answer. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** One that is staged, and the last that is on record of it. */
interface Staged {
  readonly waiting: WaitingFile;
  readonly file: WholeFile;
  readonly folder: Folder;
  readonly fd: number;
  readonly content: RecordedContent;
  readonly mtime: number;
  record: UploadRecord;
  isIntended: boolean;
  isPublished: boolean;
}

/** Small files that are stored together. See `WholeFiles`. */
export class WholeBatch {
  readonly #parts: WholeFilesParts;
  readonly #waiting: readonly WaitingFile[];
  readonly #folders = new Map<string, Promise<Folder>>();
  /** Those under way. */
  #staged: Staged[] = [];
  /** Those that go the usual way. */
  readonly #usual: WaitingFile[] = [];
  #workingSince = 0;

  constructor(parts: WholeFilesParts, waiting: readonly WaitingFile[]) {
    this.#parts = parts;
    this.#waiting = waiting;
  }

  /** Never rejects: each file is told what became of it. */
  async run(): Promise<void> {
    const { space, storeStaged } = this.#parts;
    try {
      const sizes = this.#waiting.map(({ bytes }) => bytes.length);
      const promised = await space.promiseAll(sizes, '').catch(refused);
      if (promised === undefined) this.#usual.push(...this.#waiting);
      else await this.#store(promised).finally(() => promised.end());
    } catch (error) {
      await this.#abandon(error);
    } finally {
      for (const folder of this.#folders.values()) await folder.then(({ close }) => close(), refused);
    }
    for (const file of this.#usual) storeStaged(file).then(file.resolve, file.reject);
  }

  async #store(promised: SpacePromise): Promise<void> {
    this.#workingSince = performance.now();
    for (const waiting of this.#waiting) {
      await this.#stage(waiting, promised);
      await this.#letOthersWork();
    }
    await this.#flushContent();
    const names = this.#staged
      .filter(({ waiting }) => TAKES_TURNS.has(waiting.request.ifExists))
      .map(({ folder, waiting }) => `${folder.key}/${waiting.place.name}`);
    // Until it is on record that the name was taken: see `StagedFile`.
    if (names.length === 0) await this.#publish();
    else await this.#parts.publishing.locks.run(names, () => this.#publish());
  }

  // ------------------------------------------------------------------ the steps of a commit, for all at once

  async #stage(waiting: WaitingFile, promised: SpacePromise): Promise<void> {
    const { ledger, device } = this.#parts;
    const { request, name, place, bytes, commit } = waiting;
    let record: UploadRecord | undefined;
    let file: WholeFile | undefined;
    try {
      const folder = await this.#folderFor(waiting);
      const mtime = request.mtime ?? Date.now() * 1000;
      const { executable } = request;
      const target = pathIn(folder, place.name);
      file = new WholeFile({ staged: ledger.stagedPath(name), target, bytes, mtime, executable });
      if (folder.device !== device || file.isTaken) {
        this.#usual.push(waiting);
        return;
      }
      record = ledger.beginWhole(request, name);
      const fd = file.stage();
      promised.wrote(bytes.length);
      const { length, digest, algorithm } = commit;
      const content = { length, digest: Buffer.from(digest).toString('hex'), algorithm };
      this.#staged.push({
        waiting,
        file,
        folder,
        fd,
        content,
        mtime,
        record,
        isIntended: false,
        isPublished: false,
      });
    } catch {
      // What is in the way the usual way will find, and say in its words.
      this.#drop(file, place.label);
      if (record !== undefined) ledger.leave(record, undefined);
      this.#usual.push(waiting);
    }
  }

  /** A failure here must not keep those that come after from being stored. */
  #drop(file: WholeFile | undefined, path: string): void {
    try {
      file?.drop();
    } catch (err) {
      this.#parts.warn('could not remove what was staged', { path, err });
    }
  }

  async #flushContent(): Promise<void> {
    this.#reach('flush');
    if (!this.#parts.durable) return;
    await this.#each((staged) => flush(staged.fd));
  }

  async #publish(): Promise<void> {
    await this.#intend();
    this.#reach('publish');
    await this.#each((staged) => {
      try {
        staged.file.publish();
        staged.isPublished = true;
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === 'ENOENT' && !staged.file.isStaged) throw taken(staged.waiting.place.label);
        if (errno !== undefined && NO_LINKS.has(errno)) this.#parts.onNoLinks();
        throw error; // or somebody was faster
      }
    });
    await this.#flushFolders();
    this.#reach('clean up');
    await this.#each(({ file }) => {
      try {
        file.cleanUp();
      } catch (err) {
        this.#parts.warn('could not remove what was staged', { err });
      }
    });
    await this.#record();
  }

  async #intend(): Promise<void> {
    const { ledger } = this.#parts;
    this.#reach('intend');
    const at = Date.now();
    for (const each of this.#staged) {
      const { content, mtime, waiting } = each;
      const { length, digest, algorithm } = content;
      const intent = {
        length,
        digest,
        algorithm,
        path: waiting.place.label,
        outcome: 'created',
        moved: false,
        mtime,
      } as const;
      each.record = { ...each.record, intent, at };
      each.isIntended = true;
    }
    await ledger.record(...this.#staged.map(({ record }) => record));
    // Each puts its own intent on record, then looks at those of others: so of two, one at least sees the other.
    const rivals = await ledger.areRivalled(this.#staged.map(({ record }) => record.name));
    if (rivals.size === 0) return;
    await this.#each(({ record, waiting }) => {
      if (rivals.has(record.name)) throw rivalled(waiting.place.label);
    });
  }

  async #flushFolders(): Promise<void> {
    this.#reach('flush folder');
    const { durable, publishing } = this.#parts;
    if (!durable) return;
    await this.#each(({ folder }) => publishing.directorySync.sync(folder));
  }

  async #record(): Promise<void> {
    const { ledger } = this.#parts;
    this.#reach('record');
    const at = Date.now();
    const done: { readonly staged: Staged; readonly etag: string }[] = [];
    await this.#each((staged) => {
      // Only now: to lose a name changes what is known of a file.
      const etag = etagOf(staged.file.finish());
      const { content, waiting, record } = staged;
      const { length, digest, algorithm } = content;
      const committed = {
        length,
        digest,
        algorithm,
        path: waiting.place.label,
        outcome: 'created',
        etag,
        time: at * 1000,
      } as const;
      staged.record = { ...record, intent: undefined, committed, at };
      done.push({ staged, etag });
    });
    await ledger.record(...this.#staged.map(({ record }) => record));
    this.#reach('done');
    this.#staged = [];
    for (const { staged, etag } of done) {
      ledger.leave(staged.record, undefined);
      const { waiting } = staged;
      waiting.resolve({ outcome: 'created', path: waiting.place.label, etag, time: at * 1000 });
    }
  }

  // ------------------------------------------------------------------ what goes wrong

  /** Takes a step with each; whoever fails goes no further. */
  async #each(step: (staged: Staged) => void | Promise<void>): Promise<void> {
    const failed: { readonly staged: Staged; readonly error: unknown }[] = [];
    const waits: Promise<void>[] = [];
    for (const staged of this.#staged) {
      try {
        const wait = step(staged);
        if (wait === undefined) await this.#letOthersWork();
        else waits.push(wait.catch((error: unknown) => void failed.push({ staged, error })));
      } catch (error) {
        failed.push({ staged, error });
      }
    }
    await Promise.all(waits);
    if (failed.length === 0) return;
    const gone = new Set(failed.map(({ staged }) => staged));
    this.#staged = this.#staged.filter((staged) => !gone.has(staged));
    for (const { staged, error } of failed) await this.#giveUp(staged, error);
  }

  /** What cannot be taken back in the journal stays as it is, for who reads that. */
  async #giveUp(staged: Staged, error: unknown): Promise<void> {
    const { ledger, warn } = this.#parts;
    const { file, record, waiting, isIntended, isPublished } = staged;
    const { label: path } = waiting.place;
    try {
      if (isIntended) await ledger.record({ ...record, intent: undefined, committed: undefined });
      file.drop();
    } catch (err) {
      warn('could not remove what was staged', { path, err });
      ledger.leave(record, undefined);
      waiting.reject(fileError(error, { action: 'store', path, effect: isPublished ? 'applied' : 'none' }));
      return;
    }
    ledger.leave(record, undefined);
    if (isPublished) waiting.reject(fileError(error, { action: 'make durable', path, effect: 'applied' }));
    else if (error instanceof FilexError) waiting.reject(error);
    else this.#usual.push(waiting);
  }

  /** None of them goes on. */
  async #abandon(error: unknown): Promise<void> {
    const staged = this.#staged;
    this.#staged = [];
    for (const each of staged) await this.#giveUp(each, error);
  }

  // ------------------------------------------------------------------

  /** Files of one folder share the hold on it. */
  #folderFor({ place }: WaitingFile): Promise<Folder> {
    const key = place.parent.join('/');
    let folder = this.#folders.get(key);
    if (folder === undefined) {
      const { parent: segments, label } = place;
      folder = this.#parts.enter({ segments, label, action: 'store', missing: 'PARENT_NOT_FOUND' });
      this.#folders.set(key, folder);
    }
    return folder;
  }

  #reach(step: CommitStep): void {
    for (const { record } of this.#staged) this.#parts.ledger.reach(record, step);
  }

  async #letOthersWork(): Promise<void> {
    if (performance.now() - this.#workingSince < bounds.wholeFileSlice) return;
    await setImmediate();
    this.#workingSince = performance.now();
  }
}

/** What is staged and cannot be found was taken over, which nobody else does than another server. */
function taken(path: string): FilexError {
  const words = `another server goes on with ${JSON.stringify(path)}`;
  return new FilexError('SUPERSEDED', words, { path, effect: 'unknown' });
}

function refused(): undefined {
  return undefined;
}
