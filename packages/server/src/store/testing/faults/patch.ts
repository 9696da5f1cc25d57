import { Buffer } from 'node:buffer';
import fs, { type Dir } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type { Errno, Fault, FileCall, Kind, Observer } from './file-call.js';
import { subjects } from './file-call.js';
import { real } from './real-calls.js';
import { isWithin, pathOfDescriptor, realPathOf } from './real-path.js';

// biome-ignore lint/suspicious/noExplicitAny: every function of node:fs, whatever it takes
type Call = (this: unknown, ...args: any[]) => any;
type Calls = Record<string, Call>;

const observers = new Set<Observer>();
let installed: Promise<void> | undefined;

/** Shows an observer all calls below its folder from now on; returns what ends that. */
export function observe(observer: Observer): () => void {
  if (installed === undefined)
    throw new Error('node:fs is not patched: import install.js before anything else');
  observers.add(observer);
  return () => observers.delete(observer);
}

/**
 * Puts observers between this process and its file system: around the functions of `node:fs`, in all their forms, and the
 * methods of `FileHandle` and `Dir`. Linux only. Must be called before the modules are loaded that keep functions of
 * `node:fs` for themselves, as `promisify` does; named imports see it at any time.
 */
export function install(): Promise<void> {
  installed ??= patch();
  return installed;
}

async function patch(): Promise<void> {
  const calls = fs as unknown as Calls;
  const promises = fs.promises as unknown as Calls;
  for (const kind of Object.keys(subjects) as (keyof typeof subjects)[]) {
    replace(calls, kind, (call) => withCallback(kind, call));
    replace(calls, `${kind}Sync`, (call) => synchronous(kind, call));
    if (kind !== 'open') replace(promises, kind, (call) => promised(kind, call));
  }
  replace(promises, 'open', opening);
  replaceWriting(calls, promises);
  patchFolders();
  await patchHandles();
  syncBuiltinESMExports();
}

/** Keeps what a function has beside its code: `promisify` looks for it. */
function replace(at: Calls, name: string, around: (call: Call) => Call): void {
  const call = at[name];
  if (call === undefined) return;
  const replacement = around(call);
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(call));
  at[name] = replacement;
}

/** What is asked for, and who wants to know; undefined when nobody does. */
function look(kind: Kind, args: readonly unknown[]): Watched | undefined {
  if (observers.size === 0) return undefined;
  const subject = subjects[kind as keyof typeof subjects];
  const descriptor = subject === 'descriptor' ? (args[0] as number) : undefined;
  const paths =
    subject === 'descriptor'
      ? [pathOfDescriptor(args[0] as number) ?? '']
      : subject.map((index) => realPathOf(args[index]));
  return watch({ kind, path: paths[0] ?? '', target: paths[1], descriptor, args });
}

function watch(call: FileCall): Watched | undefined {
  const watching = [...observers].filter(
    ({ folder }) =>
      isWithin(folder, call.path) || (call.target !== undefined && isWithin(folder, call.target)),
  );
  return watching.length === 0 ? undefined : new Watched(call, watching);
}

/** A call that somebody watches. */
class Watched {
  readonly fault: Fault | undefined;
  readonly #call: FileCall;
  readonly #watching: readonly Observer[];

  constructor(call: FileCall, watching: readonly Observer[]) {
    this.#call = call;
    this.#watching = watching;
    for (const observer of watching) this.fault ??= observer.before(call);
  }

  /** The error that it fails with, if it does. A descriptor is given back all the same, as by the system. */
  get error(): Error | undefined {
    if (this.fault === undefined || !('errno' in this.fault)) return undefined;
    return systemError(this.fault.errno, this.#call);
  }

  /** What to ask the system for. */
  shorten(args: readonly unknown[]): readonly unknown[] {
    if (this.fault === undefined || !('bytes' in this.fault)) return args;
    const [descriptor, bytes, from, , position] = args;
    if (typeof from !== 'number') throw new Error('only a write of a part of a buffer can be shortened');
    return [descriptor, bytes, from, this.fault.bytes, position];
  }

  succeeded(result: unknown): void {
    for (const observer of this.#watching) observer.after(this.#call, result);
  }
}

const numbers = new Map([...getSystemErrorMap()].map(([number, [name]]) => [name, number]));

function systemError(code: Errno, { kind, path }: FileCall): Error {
  const message = `${code}: injected, ${kind} '${path}'`;
  return Object.assign(new Error(message), { code, errno: numbers.get(code), syscall: kind, path });
}

function withCallback(kind: Kind, call: Call): Call {
  return function (...all) {
    const callback = all.at(-1);
    const args = all.slice(0, -1);
    const watched = typeof callback === 'function' ? look(kind, args) : undefined;
    if (watched === undefined) return call.apply(this, all);
    const { error } = watched;
    if (error !== undefined) {
      const fail = (): void => setImmediate(callback, error) as unknown as undefined;
      return kind === 'close' ? call.call(this, args[0], fail) : fail();
    }
    return call.call(this, ...watched.shorten(args), (failure: Error | null, ...results: unknown[]) => {
      if (failure === null || failure === undefined) watched.succeeded(results[0]);
      callback(failure, ...results);
    });
  };
}

/** Some are made of others. */
let within = false;

function synchronous(kind: Kind, call: Call): Call {
  return function (...args) {
    const watched = within ? undefined : look(kind, args);
    if (watched === undefined) return call.apply(this, args);
    const { error } = watched;
    if (error !== undefined) {
      if (kind === 'close') call.apply(this, args);
      throw error;
    }
    within = true;
    let result: unknown;
    try {
      result = call.apply(this, [...watched.shorten(args)]);
    } finally {
      within = false;
    }
    watched.succeeded(result);
    return result;
  };
}

function promised(kind: Kind, call: Call): Call {
  return async function (...args) {
    // An open file may stand for a path.
    const given = args.map((arg) => (isHandle(arg) ? arg.fd : arg));
    const watched = look(kind, given);
    if (watched === undefined) return call.apply(this, args);
    if (watched.error !== undefined) throw watched.error;
    if (watched.fault !== undefined && 'answer' in watched.fault) return watched.fault.answer;
    const result = await call.apply(this, args);
    watched.succeeded(result);
    return result;
  };
}

function isHandle(value: unknown): value is FileHandle {
  return typeof value === 'object' && value !== null && 'fd' in value;
}

function opening(call: Call): Call {
  return async function (...args) {
    const watched = look('open', args);
    if (watched?.error !== undefined) throw watched.error;
    const handle = (await call.apply(this, args)) as FileHandle;
    watched?.succeeded(handle.fd);
    const close = handle.close;
    handle.close = async () => {
      const closing = handle.fd < 0 ? undefined : look('close', [handle.fd]);
      await close();
      if (closing?.error !== undefined) throw closing.error;
      closing?.succeeded(undefined);
    };
    return handle;
  };
}

/** Methods of `FileHandle`, and what they ask of the system. */
const methods: Readonly<Record<string, Kind>> = {
  chmod: 'fchmod',
  chown: 'fchown',
  datasync: 'fdatasync',
  read: 'read',
  readv: 'readv',
  stat: 'fstat',
  sync: 'fsync',
  truncate: 'ftruncate',
  utimes: 'futimes',
  write: 'write',
  writev: 'writev',
};

async function patchHandles(): Promise<void> {
  const handle = await real.promises.open('/dev/null');
  const prototype = Object.getPrototypeOf(handle) as Calls;
  await handle.close();
  for (const [name, kind] of Object.entries(methods)) {
    replace(
      prototype,
      name,
      (call) =>
        async function (this: unknown, ...args: unknown[]) {
          const watched = look(kind, [(this as FileHandle).fd, ...args]);
          if (watched?.error !== undefined) throw watched.error;
          const [, ...rest] = watched?.shorten([0, ...args]) ?? [0, ...args];
          const result = await call.apply(this, rest);
          watched?.succeeded(kind === 'write' ? result.bytesWritten : result);
          return result;
        },
    );
  }
  const write = async function (this: FileHandle, data: unknown, options: unknown): Promise<void> {
    for (let bytes = bytesOf(data, options); bytes.length > 0; ) {
      const { bytesWritten } = await this.write(bytes, 0, bytes.length, null);
      bytes = bytes.subarray(bytesWritten);
    }
  };
  replace(prototype, 'writeFile', () => write as Call);
  replace(prototype, 'appendFile', () => write as Call);
}

/** The methods of an open folder. Its own iterator does not come by here. */
function patchFolders(): void {
  const prototype = fs.Dir.prototype as unknown as Calls;
  const methods = { read: 'readnames', close: 'closedir' } as const;
  for (const [name, kind] of Object.entries(methods) as [string, Kind][]) {
    replace(
      prototype,
      name,
      (call) =>
        function (this: unknown, ...args: unknown[]) {
          if (args.length > 0 || observers.size === 0) return call.apply(this, args);
          const path = realPathOf((this as Dir).path);
          const watched = watch({ kind, path, target: undefined, descriptor: undefined, args });
          if (watched === undefined) return call.apply(this, args);
          const { error } = watched;
          if (error !== undefined && kind !== 'closedir') return Promise.reject(error);
          return (call.apply(this, args) as Promise<unknown>).then((result) => {
            if (error !== undefined) throw error;
            watched.succeeded(result);
            return result;
          });
        },
    );
  }
}

/**
 * `writeFile` and `appendFile` are made of other calls, of patched or of real ones, as the version of Node has it. Here
 * they are always made of patched ones, each of which counts.
 */
function replaceWriting(calls: Calls, promises: Calls): void {
  for (const [name, flag] of [
    ['writeFile', 'w'],
    ['appendFile', 'a'],
  ] as const) {
    const write = async (file: unknown, data: unknown, options?: unknown): Promise<void> => {
      if (isHandle(file)) return file.writeFile(data as string, options as BufferEncoding);
      const handle = await fs.promises.open(file as string, flagOf(options) ?? flag, modeOf(options));
      try {
        await handle.writeFile(data as string, options as BufferEncoding);
      } finally {
        await handle.close();
      }
    };
    const writeSync = (file: unknown, data: unknown, options?: unknown): void => {
      const fd =
        typeof file === 'number'
          ? file
          : fs.openSync(file as string, flagOf(options) ?? flag, modeOf(options));
      try {
        for (let bytes = bytesOf(data, options); bytes.length > 0; )
          bytes = bytes.subarray(fs.writeSync(fd, bytes, 0, bytes.length, null));
      } finally {
        if (fd !== file) fs.closeSync(fd);
      }
    };
    replace(promises, name, () => write as Call);
    replace(calls, `${name}Sync`, () => writeSync as Call);
    replace(
      calls,
      name,
      (call) =>
        function (this: unknown, ...all: unknown[]) {
          const [file, data, options] = all;
          if (typeof file === 'number') return call.apply(this, all); // made of `write`
          const callback = all.at(-1) as (error: Error | null) => void;
          const given = options === callback ? undefined : options;
          return void write(file, data, given).then(() => callback(null), callback);
        },
    );
  }
}

function bytesOf(data: unknown, options: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const given = (options as { encoding?: BufferEncoding } | null)?.encoding;
  return Buffer.from(
    String(data),
    typeof options === 'string' ? (options as BufferEncoding) : (given ?? 'utf8'),
  );
}

function flagOf(options: unknown): string | undefined {
  return (options as { flag?: string } | null | undefined)?.flag;
}

function modeOf(options: unknown): number | undefined {
  return (options as { mode?: number } | null | undefined)?.mode;
}
