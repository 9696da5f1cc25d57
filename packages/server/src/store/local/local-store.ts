import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BLOCK_SIZE,
  type ConflictPolicy,
  type Entry,
  FilexError,
  LocalProtocolError,
  type Outcome,
} from '@filex/protocol';
import {
  createPublishingContext,
  FileSource,
  fileError,
  linkToFreeName,
  lookAt,
  type PublishingContext,
  readWholeFile,
  refuseEarly,
  resolveServerLimits,
  StagedFile,
  type WholeFile,
} from '@filex/protocol/node';
import { bounds } from '../../bounds.js';
import type {
  CommitOutcome,
  CommitRequest,
  KeptUpload,
  MakeDirectoryOptions,
  StagedUpload,
  StageRequest,
  Store,
  StoredFile,
  UploadKey,
  WholeUpload,
} from '../store.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { entryOf } from './entry.js';
import { fileSystemSpace } from './file-system-space.js';
import { type Confinement, type Folder, type FolderRequest, pathIn } from './folder.js';
import { FoldersAtHand } from './folders-at-hand.js';
import { Gate } from './gate.js';
import { listEntries } from './listing.js';
import { ListingPlaces } from './listing-places.js';
import { LocalFile } from './local-file.js';
import { LocalUpload } from './local-upload.js';
import { makeDirectory } from './make-directory.js';
import { OpenFilePool } from './open-file-pool.js';
import { PathConfinement } from './path-confinement.js';
import { removeEntry } from './removal.js';
import { renameEntry } from './renaming.js';
import { RESERVED_NAME, ReservedFolder } from './reserved-folder.js';
import type { SmallFile } from './small-file.js';
import { Space, type SpacePromise } from './space.js';
import { StagingArea } from './staging-area.js';
import { type NamedPath, parseNamedPath, parsePath } from './store-path.js';
import type { Kept } from './uploads/takeover.js';
import type { UploadEntry } from './uploads/upload-entry.js';
import { type LedgerLimits, UploadLedger } from './uploads/upload-ledger.js';
import { type RecordedContent, type UploadRecord, uploadName } from './uploads/upload-record.js';
import type { VersionSource } from './version-source.js';
import type { Warn } from './warn.js';
import { WholeFiles } from './whole-files.js';

/** How to open a folder as a store. */
export interface LocalStoreOptions {
  /** Change nothing and make nothing, not even the folder for staging. Default: false. */
  readonly readOnly?: boolean | undefined;
  /** Told what goes wrong without making a request fail. Default: nobody. */
  readonly onWarning?: Warn | undefined;
  /**
   * How requests are kept inside the folder: `descriptors` is proof against other programs that exchange folders for
   * symlinks, but is to be had on Linux only. Default: the best there is.
   */
  readonly confinement?: 'descriptors' | 'paths' | undefined;
  /**
   * Bytes of the file system that uploads leave free, however many at once; what would not, is refused with `NO_SPACE`.
   * Default: 1 % of the file system, at most 1 GiB.
   */
  readonly keepFree?: number | undefined;
  /**
   * `commit`: what was told to be stored survives a power cut, which takes a few flushes. `none`: it survives the end of the
   * process only, and the operating system flushes when it likes. Default: `commit`.
   */
  readonly durability?: 'commit' | 'none' | undefined;
  /** What is remembered of uploads that are cut, or committed. Default: as in `serverLimitTable`. */
  readonly uploads?: Partial<LedgerLimits> | undefined;
  /** For tests; default: what the file system says. */
  readonly fileSystemSpace?:
    | ((path: string) => Promise<{ readonly free: number; readonly total: number; readonly block: number }>)
    | undefined;
  /** For tests; default: as in `bounds`. */
  readonly openStagedFiles?: number | undefined;
  /** For tests; default: as in `bounds`. */
  readonly openDownloads?: number | undefined;
  /** For tests; default: as in `bounds`. */
  readonly openListings?: number | undefined;
}

/**
 * A folder with plain files, as the user sees them. Uploads are staged under `.filex/` in it, so on the same file
 * system, and published by an operation that cannot replace anything unasked.
 */
export class LocalStore implements Store {
  readonly #confinement: Confinement;
  readonly #reserved: ReservedFolder;
  /** Undefined for a store that is only read. */
  readonly #staging: StagingArea | undefined;
  #ledger: UploadLedger | undefined;
  readonly #durable: boolean;
  readonly #warn: Warn;
  readonly #publishing: PublishingContext;
  readonly #staged: OpenFilePool<StagedFile>;
  readonly #downloads: OpenFilePool<VersionSource>;
  readonly #space: Space;
  readonly #operations = new Gate(bounds.concurrentOperations);
  readonly #treeRemovals = new Gate(bounds.treeRemovals);
  readonly #listings: ListingPlaces;
  #whole: WholeFiles | undefined;
  /** Undefined where folders cannot be held. */
  readonly #foldersAtHand: FoldersAtHand | undefined;

  private constructor(
    confinement: Confinement,
    reserved: ReservedFolder,
    staging: StagingArea | undefined,
    warn: Warn,
    {
      openStagedFiles = bounds.openStagedFiles,
      openDownloads = bounds.openDownloads,
      openListings = bounds.openListings,
      keepFree,
      durability = 'commit',
      fileSystemSpace: look = fileSystemSpace,
    }: LocalStoreOptions,
  ) {
    this.#confinement = confinement;
    this.#foldersAtHand =
      confinement instanceof DescriptorConfinement ? new FoldersAtHand(confinement) : undefined;
    this.#reserved = reserved;
    this.#staging = staging;
    this.#warn = warn;
    this.#durable = durability === 'commit';
    this.#publishing = createPublishingContext((err) => warn(err.message, { err }));
    this.#staged = new OpenFilePool(openStagedFiles);
    this.#downloads = new OpenFilePool(openDownloads);
    this.#listings = new ListingPlaces(openListings, bounds.listingPatience);
    this.#space = new Space({
      keepFree,
      look: () => look(this.#writable().staging.path),
      now: () => performance.now(),
      makeRoom: async () => (await this.#ledger?.makeRoom()) === true,
    });
  }

  /**
   * @param root an existing folder.
   * @throws FilexError when it is not there, not a folder, or not to be written to.
   */
  static async open(root: string, options: LocalStoreOptions = {}): Promise<LocalStore> {
    const { readOnly = false, onWarning: warn = () => {}, keepFree } = options;
    if (keepFree !== undefined && !(Number.isSafeInteger(keepFree) && keepFree >= 0))
      throw new LocalProtocolError(`keepFree: ${keepFree} is no number of bytes`);
    const { confinement: kind = DescriptorConfinement.isAvailable() ? 'descriptors' : 'paths' } = options;
    const Confined = kind === 'descriptors' ? DescriptorConfinement : PathConfinement;
    let confinement: Confinement | undefined;
    let staging: StagingArea | undefined;
    try {
      confinement = await Confined.open(await realpath(root));
      staging = readOnly ? undefined : await openStaging(confinement, root, warn);
      const top = await confinement.enter({ segments: [], label: '', action: 'open', missing: 'NOT_FOUND' });
      const reserved = await ReservedFolder.find(top);
      if (reserved.key !== undefined) confinement.bar(reserved.key);
      const store = new LocalStore(confinement, reserved, staging, warn, options);
      if (staging !== undefined) await store.#openLedger(staging, options.uploads);
      return store;
    } catch (error) {
      await staging?.close(false);
      await confinement?.close();
      throw fileError(error, { action: 'serve', path: root });
    }
  }

  async stat(path: string): Promise<Entry> {
    const place = parsePath(path);
    await this.#reserved.keepOut(place, 'NOT_FOUND');
    const name = place.segments.at(-1);
    const parent = place.segments.slice(0, -1);
    return this.#inFolder(
      { segments: parent, label: path, action: 'look at', missing: 'NOT_FOUND' },
      async (folder) => {
        const found = await lookAt(name === undefined ? `${folder.path}/.` : pathIn(folder, name));
        if (found !== undefined && !this.#reserved.is(found.stats)) return entryOf(path, found.stats);
        throw new FilexError('NOT_FOUND', `${JSON.stringify(path)} does not exist`, { path });
      },
    );
  }

  async *list(path: string, { recursive }: { readonly recursive: boolean }): AsyncGenerator<Entry> {
    const top = parsePath(path);
    await this.#reserved.keepOut(top, 'NOT_FOUND');
    const entries = listEntries({
      confinement: this.#confinement,
      reserved: this.#reserved,
      warn: this.#warn,
      top,
      recursive,
    });
    const release = (): Promise<unknown> => entries.return(undefined);
    const place = await this.#listings.enter(release);
    try {
      for (;;) {
        const { done, value } = await entries.next();
        if (done === true) return;
        place.pause();
        yield value;
        place.resume();
      }
    } finally {
      await release();
      place.leave();
    }
  }

  async open(path: string, { ifMatch }: { readonly ifMatch: string | undefined }): Promise<StoredFile> {
    const place = parsePath(path);
    await this.#reserved.keepOut(place, 'NOT_FOUND');
    const name = place.segments.at(-1);
    if (name === undefined)
      throw new FilexError('IS_A_DIRECTORY', 'cannot read the root folder as a file', { path });
    const request = {
      segments: place.segments.slice(0, -1),
      label: path,
      action: 'read',
      missing: 'NOT_FOUND',
    } as const;
    return LocalFile.open(this.#downloads, path, ifMatch, () =>
      this.#inFolder(request, (folder) =>
        FileSource.open(pathIn(folder, name), { label: path, followSymlink: false }),
      ),
    );
  }

  readWhole(
    path: string,
    { ifMatch, room }: { readonly ifMatch: string | undefined; readonly room: number },
  ): WholeFile | undefined {
    const { segments } = parsePath(path);
    const [first] = segments;
    const name = segments.at(-1);
    if (first === undefined || name === undefined || !this.#reserved.isPlainlyNot(first)) return undefined;
    const folder = this.#folderAtHand(segments.slice(0, -1));
    const file = folder && readWholeFile(pathIn(folder, name), room);
    if (file === undefined) return undefined;
    const entry = entryOf(path, file.stats);
    return ifMatch === undefined || ifMatch === entry.etag ? { entry, bytes: file.bytes } : undefined;
  }

  #folderAtHand(segments: readonly string[]): Folder | undefined {
    try {
      return this.#foldersAtHand?.enter(segments);
    } catch {
      return undefined; // what is wrong with it, `open` tells
    }
  }

  async #openLedger(staging: StagingArea, limits: LocalStoreOptions['uploads']): Promise<void> {
    const nameIn = <T>(path: string, work: (folder: Folder, name: string) => Promise<T>): Promise<T> => {
      const place = parseNamedPath(path, 'look at');
      return this.#inFolder(parentOf(place, 'look at', 'NOT_FOUND'), (folder) => work(folder, place.name));
    };
    this.#ledger = await UploadLedger.open({
      staging,
      directorySync: this.#publishing.directorySync,
      limits: { ...resolveServerLimits(), ...limits },
      durable: this.#durable,
      served: {
        look: (path) => nameIn(path, (folder, name) => lookAt(pathIn(folder, name))).catch(nothingThere),
        flushParent: (path) => nameIn(path, (folder) => this.#publishing.directorySync.sync(folder)),
        link: (path, to) => nameIn(path, (folder, name) => linkToFreeName(pathIn(folder, name), to)),
      },
      warn: this.#warn,
    });
    this.#whole = new WholeFiles({
      ledger: this.#ledger,
      space: this.#space,
      publishing: this.#publishing,
      device: staging.device,
      durable: this.#durable,
      warn: this.#warn,
      enter: (request) => this.#confinement.enter(request),
      onNoLinks: () => {
        this.#whole = undefined;
      },
      storeStaged: (file) => this.#storeStaged(file),
    });
  }

  async stage(request: StageRequest): Promise<StagedUpload> {
    const { path: label, size, ifExists, mtime } = request;
    const { staging, ledger } = this.#writable();
    const place = await this.#changeable(label, 'store');
    await this.#inFolder(parentOf(place, 'store', 'PARENT_NOT_FOUND'), async (folder) => {
      if (folder.device !== staging.device)
        throw new FilexError(
          'IO_ERROR',
          `cannot store ${JSON.stringify(label)}: its folder is on another file system than the top of the store`,
          { path: label, retry: false },
        );
      await refuseEarly(pathIn(folder, place.name), { label, ifExists, size, mtime });
    });
    const space = await this.#space.promise(size, label).catch(storeError(label));
    const work = { request, place, space };
    const path = ledger.stagedPath(uploadName(request));
    const create = (): Promise<StagedFile> => StagedFile.create({ path, label, context: this.#publishing });
    return this.#begin(work, await ledger.begin(request).catch(endOf(space)), () =>
      create().catch(async (error: unknown) => {
        if (FilexError.from(error).code !== 'ALREADY_EXISTS') throw error;
        // An earlier attempt could not clean up.
        await ledger.clear(request).catch(storeError(label));
        return create();
      }),
    );
  }

  stageWhole(request: StageRequest): WholeUpload | undefined {
    const { ledger } = this.#writable();
    const place = parseNamedPath(request.path, 'store');
    const name = uploadName(request);
    const whole = this.#whole;
    if (
      whole === undefined ||
      !this.#reserved.isPlainlyNot(place.segments[0] as string) ||
      !ledger.isUnheardOf(name)
    )
      return undefined;
    return {
      commit: (commit, bytes) => whole.store({ request, name, place, commit, bytes }),
      fence: (epoch) => ledger.fence(name, epoch).catch(storeError(request.path)),
    };
  }

  /** What could have come in one piece, and met something on the way. */
  async #storeStaged({ request, commit, bytes }: SmallFile): Promise<CommitOutcome> {
    const staged = await this.stage(request);
    try {
      await staged.write(bytes, 0);
    } catch (error) {
      await staged.abort().catch(() => undefined); // why it could not be written is what matters
      throw error;
    }
    return staged.commit(commit);
  }

  async recall(key: UploadKey): Promise<KeptUpload | undefined> {
    if (this.#ledger === undefined) return undefined;
    const ledger = this.#ledger;
    const kept = await ledger.recall(key).catch(storeError(''));
    if (kept === undefined) return undefined;
    const { record, leaves } = kept;
    const { committed, epoch, path } = record;
    return {
      arguments: record.arguments,
      path,
      epoch,
      leaves,
      committed: committed && { request: commitRequestOf(committed), outcome: committed },
      resume: () => this.#resume(kept, key),
      fence: (told) => ledger.record({ ...record, epoch: told, at: Date.now() }).catch(storeError(path)),
    };
  }

  async keptBytes(path: string): Promise<number> {
    return this.#ledger?.keptBytes(path) ?? 0;
  }

  async #resume(kept: Kept, key: UploadKey): Promise<StagedUpload> {
    const { ledger } = this.#writable();
    const { record, leaves } = kept;
    const { path: label, size } = record;
    const place = await this.#changeable(label, 'store');
    const length = leaves.length * BLOCK_SIZE;
    const rest = size === undefined ? undefined : Math.max(0, size - length);
    const space = await this.#space.promise(rest, label).catch(storeError(label));
    const path = ledger.stagedPath(uploadName(key));
    return this.#begin(
      { request: record, place, space },
      await ledger.resume(kept, key).catch(endOf(space)),
      () => StagedFile.reopen({ path, label, context: this.#publishing, length }),
    );
  }

  async #begin(
    {
      request,
      place,
      space,
    }: { request: UploadRecord | StageRequest; place: NamedPath; space: SpacePromise },
    entry: UploadEntry,
    open: () => Promise<StagedFile>,
  ): Promise<StagedUpload> {
    try {
      const file = await this.#staged.create(open);
      return new LocalUpload({
        file,
        pool: this.#staged,
        space,
        entry,
        request,
        place,
        durable: this.#durable,
        warn: this.#warn,
        inFolder: (work) => this.#inFolder(parentOf(place, 'store', 'PARENT_NOT_FOUND'), work),
      });
    } catch (error) {
      space.end();
      // What was there before stays for the next attempt.
      await (entry.blocks > 0 ? entry.suspend() : entry.end());
      throw error;
    }
  }

  async makeDirectory(path: string, options: MakeDirectoryOptions): Promise<Outcome> {
    this.#writable();
    const place = parsePath(path);
    await this.#reserved.keepOut(place, 'PATH_INVALID');
    const { directorySync } = this.#publishing;
    return this.#operations.run(() =>
      makeDirectory(this.#confinement, directorySync, place, options, () => this.#space.checkForFolder(path)),
    );
  }

  async rename(
    path: string,
    target: string,
    { ifExists }: { readonly ifExists: ConflictPolicy },
  ): Promise<Outcome> {
    this.#writable();
    const from = parseNamedPath(path, 'rename');
    await this.#reserved.keepOut(from, 'NOT_FOUND');
    const to = await this.#changeable(target, 'rename to');
    for (const label of [path, target]) await this.#giveUp(label, 'rename');
    return this.#operations.run(() =>
      renameEntry(this.#confinement, this.#publishing, this.#reserved, from, to, ifExists),
    );
  }

  async remove(path: string, { recursive }: { readonly recursive: boolean }): Promise<Outcome> {
    this.#writable();
    const place = parseNamedPath(path, 'remove');
    await this.#reserved.keepOut(place, 'NOT_FOUND');
    await this.#giveUp(path, 'remove');
    const gate = recursive ? this.#treeRemovals : this.#operations;
    return gate.run(() => removeEntry(this.#confinement, this.#publishing, this.#reserved, place, recursive));
  }

  /** Does at once what is done now and then: gives up what is too old, takes over from servers that are gone. Never rejects. */
  async sweep(): Promise<void> {
    await this.#ledger?.sweep();
  }

  async close(): Promise<void> {
    // What was promised was on disk before: nothing of it depends on how this ends.
    const untidy = (err: unknown): void =>
      this.#warn('could not tidy up what is staged; it is kept for the next server', { err });
    await this.#ledger?.close().catch(untidy);
    await this.#staging?.close(this.#ledger?.isNeeded === true).catch(untidy);
    await this.#confinement.close().catch(untidy);
  }

  /** A path under which something may be made. */
  async #changeable(path: string, action: string): Promise<NamedPath> {
    const place = parseNamedPath(path, action);
    await this.#reserved.keepOut(place, 'PATH_INVALID');
    return place;
  }

  /** What has the path, or is below it, is about to lose its name. */
  async #giveUp(path: string, action: string): Promise<void> {
    try {
      await this.#ledger?.giveUp(path);
    } catch (error) {
      throw fileError(error, { action, path });
    }
  }

  #writable(): { readonly staging: StagingArea; readonly ledger: UploadLedger } {
    if (this.#staging !== undefined && this.#ledger !== undefined)
      return { staging: this.#staging, ledger: this.#ledger };
    throw new FilexError('PERMISSION_DENIED', 'this server only gives files, it takes none');
  }

  /** Does short work in a folder that is held open for it. */
  #inFolder<T>(request: FolderRequest, work: (folder: Folder) => Promise<T>): Promise<T> {
    return this.#operations.run(async () => {
      const folder = await this.#confinement.enter(request);
      try {
        return await work(folder);
      } catch (error) {
        throw fileError(error, { action: request.action, path: request.label });
      } finally {
        await folder.close();
      }
    });
  }
}

async function openStaging(confinement: Confinement, root: string, warn: Warn): Promise<StagingArea> {
  try {
    return await StagingArea.open(confinement, warn);
  } catch (error) {
    throw fileError(error, { action: 'stage uploads in', path: join(root, RESERVED_NAME) });
  }
}

function commitRequestOf({ length, digest, algorithm }: RecordedContent): CommitRequest {
  return { length, digest: Buffer.from(digest, 'hex'), algorithm };
}

/** A path that leads nowhere has nothing at its end. */
function nothingThere(error: unknown): undefined {
  const { code } = FilexError.from(error);
  if (code !== 'NOT_FOUND' && code !== 'NOT_A_DIRECTORY') throw error;
}

function endOf(space: SpacePromise): (error: unknown) => never {
  return (error) => {
    space.end();
    throw error;
  };
}

/** Tells what the file system has refused as a failure to store. */
function storeError(path: string): (error: unknown) => never {
  return (error) => {
    throw fileError(error, { action: 'store', path });
  };
}

function parentOf(place: NamedPath, action: string, missing: FolderRequest['missing']): FolderRequest {
  return { segments: place.parent, label: place.label, action, missing };
}
