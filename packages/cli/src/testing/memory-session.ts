import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Entry, FilexError, type Outcome, TreeDigest } from '@filex/protocol';
import {
  type DigestResult,
  type DownloadOptions,
  type DownloadSink,
  FileSink,
  fileError,
  isExecutable,
  type ListOptions,
  type MakeDirectoryOptions,
  modificationTime,
  type OperationOptions,
  type RemoveOptions,
  type RenameOptions,
  type Session,
  type TransferResult,
  type UploadOptions,
  type UploadSource,
} from '@filex/protocol/node';

export interface Node {
  readonly kind: Entry['kind'];
  readonly bytes: Uint8Array;
  mtime: number;
  readonly executable: boolean;
}

/** A whole server in a map, for specs. Paths as on the wire; the root is not in it. */
export class MemorySession implements Session {
  readonly nodes = new Map<string, Node>();
  readonly server = {
    agent: 'memory/1',
    principal: 'anonymous',
    algorithm: 'sha256',
    identity: undefined,
  } as const;
  readonly closed: Promise<Error | undefined>;
  /** Every operation, in the order it was asked for. */
  readonly log: string[] = [];
  /** May throw or wait, to make an operation fail or last. */
  before: (operation: string, path: string) => void | Promise<void> = () => undefined;
  /** May throw or wait, once an upload that can be gone on with has begun. */
  during: (path: string) => void | Promise<void> = () => undefined;
  /** What uploads that can be gone on with have said of themselves. */
  readonly attempts: { readonly operationId: string; readonly earlierAttempts: number }[] = [];
  /** What a listing says instead of the truth. */
  lies: Entry[] | undefined;
  /** Gives something for every name. */
  hasEverything = false;
  running = 0;
  mostRunning = 0;
  ended: 'closed' | 'destroyed' | undefined;
  #close!: (error: Error | undefined) => void;

  readonly #lost: Promise<never>;
  #lose!: (error: FilexError) => void;

  constructor() {
    this.#lost = new Promise((_resolve, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  /** A file, with the folders it is in; a path that ends in `/` is a folder. */
  add(path: string, content = '', more: Partial<Node> = {}): this {
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i += 1) {
      const folder = parts.slice(0, i).join('/');
      if (!this.nodes.has(folder)) this.nodes.set(folder, folderAt(1_000_000));
    }
    const bytes = Buffer.from(content);
    if (!path.endsWith('/'))
      this.nodes.set(path, { kind: 'file', bytes, mtime: 1_000_000, executable: false, ...more });
    return this;
  }

  text(path: string): string | undefined {
    const node = this.nodes.get(path);
    return node?.kind === 'file' ? Buffer.from(node.bytes).toString() : undefined;
  }

  upload(source: UploadSource, path: string, options: UploadOptions = {}): Promise<TransferResult> {
    return this.#run('upload', path, options, async () => {
      const { operationId, earlierAttempts = 0 } = options;
      if (operationId !== undefined) {
        this.attempts.push({ operationId, earlierAttempts });
        await options.onAttempt?.({ operationId, attempt: earlierAttempts + 1 });
        await this.during(path);
      }
      const { ifExists = 'fail' } = options;
      const { bytes, mtime, executable } = await read(source);
      options.onProgress?.({
        transferred: bytes.length,
        acknowledged: bytes.length >> 1,
        total: bytes.length,
      });
      this.#needParent(path);
      let place = path;
      let outcome: Outcome = 'created';
      const there = this.nodes.get(path);
      if (there?.kind === 'directory')
        throw new FilexError('IS_A_DIRECTORY', `"${path}" is a folder`, { path });
      if (there !== undefined) {
        if (ifExists === 'rename') place = `${path} (1)`;
        else if (ifExists === 'overwrite') outcome = 'replaced';
        else if (Buffer.from(there.bytes).equals(bytes)) outcome = 'identical';
        else if (ifExists === 'skip') outcome = 'skipped';
        else throw new FilexError('ALREADY_EXISTS', `"${path}" exists with other content`, { path });
      }
      if (outcome === 'created' || outcome === 'replaced') {
        this.nodes.set(place, { kind: 'file', bytes, mtime: options.mtime ?? mtime, executable });
      }
      return { outcome, path: place, size: bytes.length, digest: digestOf(bytes), algorithm: 'sha256' };
    });
  }

  download(
    path: string,
    destination: string | URL | NodeJS.WritableStream | DownloadSink,
    options: DownloadOptions = {},
  ): Promise<TransferResult> {
    return this.#run('download', path, options, async () => {
      const node = this.#need(path);
      if (node.kind === 'directory')
        throw new FilexError('IS_A_DIRECTORY', `"${path}" is a folder`, { path });
      if (node.kind !== 'file') throw new FilexError('NOT_A_FILE', `"${path}" is not a file`, { path });
      const entry = entryOf(path, node);
      const digest = digestOf(node.bytes);
      const result = { path, size: node.bytes.length, digest, algorithm: 'sha256' } as const;
      if (typeof destination !== 'string') {
        await (destination as DownloadSink).write(node.bytes);
        return { ...result, outcome: 'read' };
      }
      try {
        const sink = await FileSink.open(destination, {
          ifExists: options.ifExists,
          durable: false,
          expected: entry,
        });
        await sink.write(node.bytes);
        const info = { entry, digest: Buffer.from(digest, 'hex'), algorithm: 'sha256' as const };
        return { ...result, ...(await sink.commit(info)) };
      } catch (error) {
        const skips = options.ifExists === 'skip' || options.ifExists === 'newer';
        if (skips && FilexError.from(error).code === 'ALREADY_EXISTS')
          return { ...result, outcome: 'skipped' };
        throw error;
      }
    });
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    yield this.#need(path).bytes;
  }

  async *list(path = '', options: ListOptions = {}): AsyncGenerator<Entry> {
    this.log.push(`list ${path}`);
    await this.before('list', path);
    if (path !== '' && this.#need(path).kind !== 'directory') {
      throw new FilexError('NOT_A_DIRECTORY', `"${path}" is not a folder`, { path });
    }
    if (this.lies !== undefined) {
      yield* this.lies;
      return;
    }
    const prefix = path === '' ? '' : `${path}/`;
    for (const [name, node] of [...this.nodes].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!name.startsWith(prefix)) continue;
      const below = name.slice(prefix.length);
      if (options.recursive !== true && below.includes('/')) continue;
      options.signal?.throwIfAborted();
      yield entryOf(below, node);
    }
  }

  stat(path: string, options: OperationOptions = {}): Promise<Entry> {
    return this.#run('stat', path, options, async () =>
      entryOf(path, path === '' ? folderAt(0) : this.#need(path)),
    );
  }

  digest(path: string, options: OperationOptions = {}): Promise<DigestResult> {
    return this.#run('digest', path, options, async () => {
      const node = this.#need(path);
      if (node.kind === 'directory')
        throw new FilexError('IS_A_DIRECTORY', `"${path}" is a folder`, { path });
      if (node.kind !== 'file') throw new FilexError('NOT_A_FILE', `"${path}" is not a file`, { path });
      const tree = new TreeDigest(() => createHash('sha256'));
      tree.update(node.bytes);
      const digest = Buffer.from(tree.digest()).toString('hex');
      return { entry: entryOf(path, node), digest, algorithm: 'sha256' };
    });
  }

  makeDirectory(path: string, options: MakeDirectoryOptions = {}): Promise<{ outcome: Outcome }> {
    const { parents = false, mtime } = options;
    return this.#run(mtime === undefined ? 'mkdir' : 'time', path, options, async () => {
      const there = this.nodes.get(path);
      if (there !== undefined && there.kind !== 'directory') {
        throw new FilexError('ALREADY_EXISTS', `"${path}" is a file`, { path });
      }
      if (there === undefined) {
        if (!parents) this.#needParent(path);
        this.add(`${path}/`);
      } else if (!parents && mtime === undefined) {
        throw new FilexError('ALREADY_EXISTS', `"${path}" is already there`, { path });
      }
      const node = this.nodes.get(path);
      if (node !== undefined && mtime !== undefined) node.mtime = mtime;
      return { outcome: there === undefined ? 'created' : 'identical' };
    });
  }

  rename(from: string, to: string, options: RenameOptions = {}): Promise<{ outcome: Outcome }> {
    return this.#run('rename', `${from} ${to}`, options, async () => {
      const node = this.#need(from);
      this.#needParent(to);
      if (this.nodes.has(to) && options.ifExists !== 'overwrite')
        throw new FilexError('ALREADY_EXISTS', undefined, { path: to });
      this.nodes.delete(from);
      this.nodes.set(to, node);
      return { outcome: 'renamed' };
    });
  }

  remove(path: string, options: RemoveOptions = {}): Promise<{ outcome: Outcome }> {
    return this.#run('remove', path, options, async () => {
      this.#need(path);
      const below = [...this.nodes.keys()].filter((name) => name.startsWith(`${path}/`));
      if (below.length > 0 && options.recursive !== true)
        throw new FilexError('NOT_EMPTY', undefined, { path });
      for (const name of [path, ...below]) this.nodes.delete(name);
      return { outcome: 'removed' };
    });
  }

  async ping(): Promise<number> {
    this.log.push('ping');
    return 1.5;
  }

  async close(): Promise<void> {
    this.ended ??= 'closed';
    this.#close(undefined);
  }

  destroy(): void {
    this.ended ??= 'destroyed';
    this.#lose(new FilexError('CONNECTION_LOST'));
    this.#close(undefined);
  }

  async #run<T>(
    operation: string,
    path: string,
    options: OperationOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    this.log.push(`${operation} ${path}`);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      await cancellable(Promise.resolve(this.before(operation, path)), options.signal);
      return await Promise.race([work(), this.#lost]);
    } finally {
      this.running -= 1;
    }
  }

  #need(path: string): Node {
    const node = path === '' ? folderAt(0) : this.nodes.get(path);
    if (node === undefined) throw new FilexError('NOT_FOUND', `there is no "${path}"`, { path });
    return node;
  }

  #needParent(path: string): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent === '') return;
    const node = this.nodes.get(parent);
    if (node === undefined)
      throw new FilexError('PARENT_NOT_FOUND', `there is no folder "${parent}"`, { path });
    if (node.kind !== 'directory') throw new FilexError('NOT_A_DIRECTORY', `"${parent}" is a file`, { path });
  }
}

function folderAt(mtime: number): Node {
  return { kind: 'directory', bytes: new Uint8Array(), mtime, executable: false };
}

function entryOf(path: string, node: Node): Entry {
  const { kind, bytes, mtime, executable } = node;
  return {
    path,
    kind,
    size: bytes.length,
    mtime,
    executable,
    etag: kind === 'file' ? digestOf(bytes).slice(0, 8) : undefined,
  };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function read(source: UploadSource): Promise<{ bytes: Buffer; mtime: number; executable: boolean }> {
  if (typeof source === 'string') {
    try {
      const stats = await stat(source, { bigint: true });
      return {
        bytes: await readFile(source),
        mtime: modificationTime(stats),
        executable: isExecutable(stats),
      };
    } catch (error) {
      throw fileError(error, { action: 'read', path: source });
    }
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of source as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), mtime: 0, executable: false };
}

function cancellable(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new FilexError('CANCELLED', undefined, { cause: signal.reason }));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
