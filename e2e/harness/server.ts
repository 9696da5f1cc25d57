import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type CommandOptions, type Exit } from './command.js';
import { serverBin } from './paths.js';
import { folderIn, temporaryFolder } from './temporary.js';

export interface ServerOptions extends Omit<CommandOptions, 'input'> {
  /** Default: a new temporary one. */
  readonly folder?: string | undefined;
  /** Default: a free one. `undefined` in it: none is passed. */
  readonly port?: number | 'default' | undefined;
  readonly args?: readonly string[] | undefined;
  /** What people may do without a name. Default: `write`; `default`: what the program does when nothing is said. */
  readonly anonymous?: 'none' | 'read' | 'drop' | 'write' | 'default' | undefined;
}

/** The first line of `filex-server --json`. */
export interface Listening {
  readonly event: 'listening';
  readonly urls: readonly string[];
  /** `sha256:…` of the server's key. */
  readonly fingerprint: string;
  /** The user that was made because there was none; only at the first start. */
  readonly guest?: { readonly user: string; readonly passcode: string };
}

/** A server process that listens. */
export interface ServerProcess {
  readonly command: Command;
  readonly folder: string;
  readonly listening: Listening;
  readonly port: number;
  /** Plaintext address of a path: `url('a/b')`; `url()` is the root. The path is used as it is. */
  url(path?: string): string;
  /** The same inside TLS, with the fingerprint; for a user or for nobody in particular. */
  secureUrl(path?: string, user?: string): string;
  /** SIGTERM, and its exit. */
  stop(): Promise<Exit>;
}

/** Starts `filex-server` and waits until it says that it listens. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const folder = options.folder ?? folderIn(temporaryFolder(), 'served');
  const command = spawnServer(folder, options);
  const line = await command.line('stdout', /"event":"listening"/);
  const listening = JSON.parse(line) as Listening;
  const port = Number(new URL(listening.urls[0] as string).port);
  return {
    command,
    folder,
    listening,
    port,
    url: (path = '') => `filex+tcp://127.0.0.1:${port}/${path}`,
    secureUrl: (path = '', user) =>
      `filex://${user === undefined ? '' : `${user}@`}127.0.0.1:${port}/${path}?fp=${listening.fingerprint}`,
    stop: () => {
      command.signal('SIGTERM');
      return command.exited;
    },
  };
}

/** Starts `filex-server` without waiting for anything. */
export function spawnServer(folder: string, options: ServerOptions = {}): Command {
  const { port = 0, args = [], anonymous = 'write', ...rest } = options;
  const portArgs = port === 'default' ? [] : ['--port', String(port)];
  const anonymousArgs = anonymous === 'default' ? [] : ['--anonymous', anonymous];
  const all = [serverBin, folder, ...portArgs, '--json', ...anonymousArgs, ...args];
  return new Command(process.execPath, all, rest);
}

/** The most memory, in MiB, that a process has used so far. Linux only. */
export function peakMemory(pid: number): number {
  const status = readFileSync(join('/proc', String(pid), 'status'), 'utf8');
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
