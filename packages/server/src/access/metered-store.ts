import { BLOCK_SIZE, type Entry, type Outcome } from '@filex/protocol';
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
import { type Actor, type QuotaBook, QuotaExceeded, type Reservation } from './quota.js';

/** A store in which one user cannot put more than quotas allow. */
export class MeteredStore implements Store {
  readonly #store: Store;
  readonly #book: QuotaBook;
  readonly #actor: Actor;

  constructor(store: Store, book: QuotaBook, actor: Actor) {
    this.#store = store;
    this.#book = book;
    this.#actor = actor;
  }

  stat(path: string): Promise<Entry> {
    return this.#store.stat(path);
  }

  list(path: string, options: { readonly recursive: boolean }): AsyncIterable<Entry> {
    return this.#store.list(path, options);
  }

  open(path: string, options: { readonly ifMatch: string | undefined }): Promise<StoredFile> {
    return this.#store.open(path, options);
  }

  readWhole(...asked: Parameters<NonNullable<Store['readWhole']>>): WholeFile | undefined {
    return this.#store.readWhole?.(...asked);
  }

  async stage(request: StageRequest): Promise<StagedUpload> {
    const { path, size = 0 } = request;
    const reservation = await this.#book.reserve(this.#actor, path, { bytes: size, files: 1 });
    try {
      return new MeteredUpload(await this.#store.stage(request), this.#book, path, reservation, size);
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  /** Only without quotas: to reserve room takes a moment, and what waits for that may as well be staged. */
  stageWhole(request: StageRequest): WholeUpload | undefined {
    return this.#book.isIdle ? this.#store.stageWhole?.(request) : undefined;
  }

  async recall(key: UploadKey): Promise<KeptUpload | undefined> {
    const kept = await this.#store.recall(key);
    return kept && { ...kept, resume: () => this.#resume(kept) };
  }

  keptBytes(path: string): Promise<number> {
    return this.#store.keptBytes(path);
  }

  async #resume(kept: KeptUpload): Promise<StagedUpload> {
    const { path } = kept;
    const there = kept.leaves.length * BLOCK_SIZE;
    const reservation = await this.#book.reserve(this.#actor, path, { bytes: there, files: 1 });
    try {
      return new MeteredUpload(await kept.resume(), this.#book, path, reservation, there);
    } catch (error) {
      reservation.release();
      throw error;
    }
  }

  async makeDirectory(path: string, options: MakeDirectoryOptions): Promise<Outcome> {
    const book = this.#book;
    const make = (parents: boolean): Promise<Outcome> =>
      book.appear(path, () => this.#store.makeDirectory(path, { ...options, parents }));
    if (book.isIdle) return make(options.parents);
    const there = await this.#store.stat(path).catch(() => undefined);
    const isThere = there?.kind === 'directory';
    // One that is there may be gone by the time it is made.
    const files = options.parents && !isThere ? path.split('/').length : 1;
    let reservation: Reservation;
    try {
      reservation = await book.reserve(this.#actor, path, { bytes: 0, files });
    } catch (error) {
      // What is there takes no more room. Its time stays as it is: setting that could make it anew.
      if (isThere && error instanceof QuotaExceeded) return 'identical';
      throw error;
    }
    return book.keep(
      reservation,
      () => make(options.parents && !isThere),
      (outcome) => outcome === 'created',
    );
  }

  rename(path: string, target: string, options: Parameters<Store['rename']>[2]): Promise<Outcome> {
    return this.#book.move(this.#actor, path, target, () => this.#store.rename(path, target, options));
  }

  remove(path: string, options: { readonly recursive: boolean }): Promise<Outcome> {
    return this.#store.remove(path, options);
  }

  /** The store is somebody else's to close. */
  async close(): Promise<void> {}
}

class MeteredUpload implements StagedUpload {
  readonly #staged: StagedUpload;
  readonly #book: QuotaBook;
  readonly #path: string;
  readonly #reservation: Reservation;
  /** Bytes that there is room for. */
  #room: number;
  /** Room is asked for by one write after the other, so that none asks for what another one does. */
  #growing: Promise<void> = Promise.resolve();

  constructor(staged: StagedUpload, book: QuotaBook, path: string, reservation: Reservation, room: number) {
    this.#staged = staged;
    this.#book = book;
    this.#path = path;
    this.#reservation = reservation;
    this.#room = room;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    const end = offset + bytes.length;
    if (end > this.#room) {
      const growing = this.#growing.then(() => this.#grow(end));
      this.#growing = growing.catch(() => undefined); // whose write it is is told
      await growing;
    }
    await this.#staged.write(bytes, offset);
  }

  async #grow(room: number): Promise<void> {
    if (room <= this.#room) return;
    await this.#reservation.grow(room - this.#room);
    this.#room = room;
  }

  sync(): Promise<number> {
    return this.#staged.sync();
  }

  truncate(length: number): Promise<void> {
    return this.#staged.truncate(length);
  }

  commit(request: Parameters<StagedUpload['commit']>[0]): Promise<CommitOutcome> {
    return this.#book.keep(this.#reservation, () =>
      this.#book.appear(this.#path, async () => {
        const outcome = await this.#staged.commit(request);
        // Nothing came to be there.
        if (outcome.outcome === 'identical') this.#reservation.release();
        return outcome;
      }),
    );
  }

  blockWritten(leaf: Uint8Array, index: number): Promise<void> {
    return this.#staged.blockWritten(leaf, index);
  }

  fence(epoch: number): Promise<void> {
    return this.#staged.fence(epoch);
  }

  async suspend(): Promise<void> {
    try {
      await this.#staged.suspend();
    } finally {
      // The next scan counts what is kept.
      this.#reservation.settle();
    }
  }

  async abort(): Promise<void> {
    try {
      await this.#staged.abort();
    } finally {
      this.#reservation.release();
    }
  }
}
