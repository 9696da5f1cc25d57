import { createHash } from 'node:crypto';
import { FilexError } from '../../errors.js';
import type { ConflictPolicy, Entry, Outcome } from '../../vocabulary.js';
import type {
  DownloadProvider,
  DownloadRequest,
  Handler,
  OperationContext,
  UploadOutcome,
  UploadReceiver,
  UploadRequest,
} from '../types.js';

export interface MemoryFile {
  readonly content: Buffer;
  readonly mtime: number;
  readonly executable: boolean;
}

/** Where a handler can be held up, or made to fail. */
export type Step =
  | 'upload'
  | 'write'
  | 'commit'
  | 'abort'
  | 'download'
  | 'read'
  | 'verify'
  | 'close'
  | 'list'
  | 'entry'
  | 'stat'
  | 'makeDirectory'
  | 'rename'
  | 'remove';

/** What a receiver or provider was told, in order; `commit!` and the like once the call has ended. */
export interface Told {
  readonly operation: 'upload' | 'download';
  readonly path: string;
  readonly calls: string[];
  reason: Error | undefined;
}

/** Keeps files in memory, remembers what it was told, and can be held up or made to fail at every step. */
export class MemoryHandler implements Handler {
  readonly files = new Map<string, MemoryFile>();
  readonly folders = new Set<string>(['']);
  readonly told: Told[] = [];
  readonly signals: AbortSignal[] = [];
  /** Entries that `list` answers, instead of what is there. */
  listing: ((request: { path: string; recursive: boolean }) => AsyncIterable<Entry>) | undefined;
  /** Bytes that were written, of all uploads. */
  written = 0;
  readonly #waiting: { readonly call: string; readonly resolve: () => void }[] = [];
  /** Runs before each step. */
  before: ((step: Step, path: string, context: OperationContext) => void | Promise<void>) | undefined;

  put(path: string, content: Uint8Array): Buffer {
    const copy = Buffer.from(content);
    this.files.set(path, { content: copy, mtime: 1_700_000_000_000_000, executable: false });
    return copy;
  }

  async upload(request: UploadRequest, context: OperationContext): Promise<UploadReceiver> {
    const { path, ifExists } = request;
    this.signals.push(context.signal);
    await this.before?.('upload', path, context);
    const existing = this.files.get(path);
    if (existing !== undefined && (ifExists === 'skip' || ifExists === 'newer')) {
      throw new FilexError('ALREADY_EXISTS', undefined, { path });
    }
    const told: Told = { operation: 'upload', path, calls: [], reason: undefined };
    this.told.push(told);
    const parts: Buffer[] = [];
    const last = (call: string): void => {
      told.calls.push(call);
    };
    return {
      write: async (bytes) => {
        told.calls.push('write');
        const before = Buffer.from(bytes);
        await this.before?.('write', path, context);
        // The view must not have changed while the call was under way.
        if (!before.equals(bytes)) throw new Error('the view was overwritten under the hands of the handler');
        parts.push(before);
        told.calls.push('write!');
        this.written += before.length;
      },
      sync: async () => Buffer.concat(parts).length,
      truncate: async (length) => {
        parts.splice(0, parts.length, Buffer.concat(parts).subarray(0, length));
      },
      commit: async ({ length }) => {
        last('commit');
        await this.before?.('commit', path, context);
        const content = Buffer.concat(parts);
        if (content.length !== length) throw new Error('commit of a length that was not written');
        const outcome = this.#publish(request, content);
        told.calls.push('commit!');
        return outcome;
      },
      abort: async (reason) => {
        last('abort');
        told.reason = reason;
        await this.before?.('abort', path, context);
        told.calls.push('abort!');
        this.#tell('abort!');
      },
    };
  }

  /** Resolves when a receiver was told to, and has, next. */
  until(call: 'abort!'): Promise<void> {
    if (this.told.some(({ calls }) => calls.includes(call))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ call, resolve }));
  }

  #tell(call: string): void {
    for (const { call: awaited, resolve } of this.#waiting) if (awaited === call) resolve();
  }

  #publish(request: UploadRequest, content: Buffer): UploadOutcome {
    const { path, ifExists, mtime = 0, executable } = request;
    const existing = this.files.get(path);
    if (existing !== undefined) {
      if (ifExists === 'rename') {
        const other = `${path} (1)`;
        this.files.set(other, { content, mtime, executable });
        return { outcome: 'created', path: other };
      }
      if (existing.content.equals(content) && ifExists !== 'overwrite') return { outcome: 'identical', path };
      if (ifExists !== 'overwrite') throw new FilexError('ALREADY_EXISTS', undefined, { path });
    }
    this.files.set(path, { content, mtime, executable });
    return { outcome: existing === undefined ? 'created' : 'replaced', path, etag: etagOf(content) };
  }

  async download(request: DownloadRequest, context: OperationContext): Promise<DownloadProvider> {
    const { path } = request;
    this.signals.push(context.signal);
    await this.before?.('download', path, context);
    const entry = this.#entry(path);
    if (request.ifMatch !== undefined && request.ifMatch !== entry.etag) {
      throw new FilexError('PRECONDITION_FAILED', undefined, { path });
    }
    const { content } = this.files.get(path) as MemoryFile;
    const told: Told = { operation: 'download', path, calls: [], reason: undefined };
    this.told.push(told);
    return {
      entry,
      read: async (buffer, offset) => {
        told.calls.push('read');
        await this.before?.('read', path, context);
        const count = content.copy(buffer, 0, offset);
        told.calls.push('read!');
        return count;
      },
      verify: async () => {
        told.calls.push('verify');
        await this.before?.('verify', path, context);
      },
      close: async () => {
        told.calls.push('close');
        await this.before?.('close', path, context);
        told.calls.push('close!');
      },
    };
  }

  async *list(
    request: { path: string; recursive: boolean },
    context: OperationContext,
  ): AsyncIterable<Entry> {
    const { path } = request;
    await this.before?.('list', path, context);
    if (this.listing !== undefined) return yield* this.listing(request);
    const prefix = path === '' ? '' : `${path}/`;
    for (const name of [...this.folders, ...this.files.keys()].sort()) {
      if (!name.startsWith(prefix) || name === path || name === '') continue;
      const relative = name.slice(prefix.length);
      if (!request.recursive && relative.includes('/')) continue;
      await this.before?.('entry', name, context);
      yield { ...this.#entry(name), path: relative };
    }
  }

  async stat({ path }: { path: string }, context: OperationContext): Promise<Entry> {
    await this.before?.('stat', path, context);
    return this.#entry(path);
  }

  async makeDirectory({ path }: { path: string }, context: OperationContext): Promise<{ outcome: Outcome }> {
    this.signals.push(context.signal);
    await this.before?.('makeDirectory', path, context);
    const outcome = this.folders.has(path) ? 'identical' : 'created';
    this.folders.add(path);
    return { outcome };
  }

  async rename(
    { path, target }: { path: string; target: string; ifExists: ConflictPolicy },
    context: OperationContext,
  ): Promise<{ outcome: Outcome }> {
    await this.before?.('rename', path, context);
    const file = this.files.get(path);
    if (file === undefined) throw new FilexError('NOT_FOUND', undefined, { path });
    if (this.files.has(target)) throw new FilexError('ALREADY_EXISTS', undefined, { path: target });
    this.files.delete(path);
    this.files.set(target, file);
    return { outcome: 'renamed' };
  }

  async remove({ path }: { path: string }, context: OperationContext): Promise<{ outcome: Outcome }> {
    await this.before?.('remove', path, context);
    if (!this.files.delete(path)) throw new FilexError('NOT_FOUND', undefined, { path });
    return { outcome: 'removed' };
  }

  #entry(path: string): Entry {
    if (this.folders.has(path)) return { path, kind: 'directory', size: 0, mtime: 0, executable: false };
    const file = this.files.get(path);
    if (file === undefined) throw new FilexError('NOT_FOUND', undefined, { path });
    const { content, mtime, executable } = file;
    return { path, kind: 'file', size: content.length, mtime, executable, etag: etagOf(content) };
  }
}

function etagOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

/**
 * Whether what a receiver or provider was told keeps the contract of `types.ts`: one call at a time, exactly one of
 * commit and abort last, close last. Returns what is wrong; empty when nothing is.
 */
export function breaches(told: readonly Told[]): string[] {
  const wrong: string[] = [];
  for (const { operation, path, calls } of told) {
    const text = calls.join(' ');
    const rule =
      operation === 'upload'
        ? /^(write write! )*(write )?((commit commit!|commit)|(abort abort!|abort))$/
        : /^((read read!|read|verify) ?)* ?close( close!)?$/;
    if (!rule.test(text)) wrong.push(`${operation} ${path}: ${text}`);
  }
  return wrong;
}
