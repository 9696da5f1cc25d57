import { PassThrough, Readable } from 'node:stream';
import type { ConnectOptions, Session } from '@filex/protocol/node';
import type { Io, Output } from '../io.js';
import { main } from '../main.js';
import { MemorySession } from './memory-session.js';

export interface FakeProcess {
  readonly io: Io;
  readonly session: MemorySession;
  /** Addresses that were connected to. */
  readonly connected: string[];
  readonly exits: number[];
  stdout(): string;
  stderr(): string;
  /** Presses Ctrl-C. */
  interrupt(): void;
  run(...argv: string[]): Promise<number>;
  /** The events of `--json`. */
  events(): Record<string, unknown>[];
}

export interface FakeOptions {
  readonly env?: Record<string, string>;
  readonly stdin?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly terminal?: boolean;
  readonly platform?: NodeJS.Platform;
  readonly session?: MemorySession;
  readonly connect?: (url: string, options: ConnectOptions) => Promise<Session>;
  readonly stateDirectory?: string;
  readonly configDirectory?: string;
}

/** A process without a process: runs command lines against a server in memory. */
export function fakeProcess(options: FakeOptions = {}): FakeProcess {
  const session = options.session ?? new MemorySession();
  const connected: string[] = [];
  const exits: number[] = [];
  const interrupts = new Set<() => void>();
  const out = capture(options.terminal === true);
  const err = capture(options.terminal === true);
  const interrupt = (): void => {
    for (const listener of [...interrupts]) listener();
  };
  let time = 0;
  const io: Io = {
    stdin: Object.assign(Readable.from(options.stdin ?? []), { isTTY: options.terminal === true }),
    stdout: out.stream,
    stderr: err.stream,
    env: options.env ?? {},
    platform: options.platform ?? 'linux',
    program: ['filex-client'],
    now: () => {
      time += 5;
      return time;
    },
    connect: async (url, connectOptions) => {
      connected.push(url);
      return options.connect === undefined ? session : options.connect(url, connectOptions);
    },
    stateDirectory: () => options.stateDirectory ?? '/nonexistent/filex-state',
    configDirectory: () => options.configDirectory ?? '/nonexistent/filex-config',
    onInterrupt: (listener) => {
      interrupts.add(listener);
      return () => interrupts.delete(listener);
    },
    interrupt: () => interrupt(),
    exit: (code) => exits.push(code),
    onExit: () => () => undefined,
  };
  return {
    io,
    session,
    connected,
    exits,
    stdout: out.text,
    stderr: err.text,
    interrupt,
    run: (...argv) => main(argv, io),
    events: () =>
      out
        .text()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

function capture(isTTY: boolean): { stream: Output; text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    stream: Object.assign(stream, isTTY ? { isTTY, columns: 80, rows: 24 } : { isTTY }),
    text: () => Buffer.concat(chunks).toString(),
  };
}
