import { type ChildProcess, spawn } from 'node:child_process';
import { cleanUp } from './clean-up.js';
import { environment } from './environment.js';

export interface CommandOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Run as this user; only root can. */
  readonly uid?: number | undefined;
  /** In a process group of its own, so that signals reach what it starts as well. */
  readonly group?: boolean | undefined;
  /** What standard input holds; default: nothing. */
  readonly input?: string | Uint8Array | undefined;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it was, for files. */
  readonly bytes: Buffer;
}

/** Milliseconds; then a test fails with what the process said, not with a time-out of its own. */
const PATIENCE = 120_000;

type Source = 'stdout' | 'stderr';

/** One real process of this test: its output is kept, and it does not outlive the test. */
export class Command {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #group: boolean;
  readonly #chunks: { readonly [S in Source]: Buffer[] } = { stdout: [], stderr: [] };
  #watchers: (() => void)[] = [];
  #ended = false;

  constructor(program: string, args: readonly string[], options: CommandOptions = {}) {
    const { cwd, env, uid, input, group = false } = options;
    this.#group = group && process.platform !== 'win32';
    this.#child = spawn(program, args, {
      cwd,
      env: environment(env),
      detached: this.#group,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    // A program may end without reading its input.
    this.#child.stdin?.on('error', () => undefined).end(input);
    for (const source of ['stdout', 'stderr'] as const) {
      this.#child[source]?.on('data', (chunk: Buffer) => {
        this.#chunks[source].push(chunk);
        this.#notify();
      });
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#ended = true;
        const bytes = Buffer.concat(this.#chunks.stdout);
        resolve({ code, signal, stdout: this.text('stdout'), stderr: this.text('stderr'), bytes });
        this.#notify();
      });
    });
    cleanUp(() => this.kill());
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the process did not start');
    return pid;
  }

  get running(): boolean {
    return !this.#ended;
  }

  text(source: Source): string {
    return Buffer.concat(this.#chunks[source]).toString();
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#group) process.kill(-this.pid, signal);
    else this.#child.kill(signal);
  }

  /** Ends it at once, if it still runs. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.signal('SIGKILL');
    await this.exited.catch(() => undefined);
  }

  /** The first line, past or to come, that `pattern` matches. Rejects when the process ends without it. */
  line(source: Source, pattern: RegExp): Promise<string> {
    return this.until(() => {
      const whole = this.text(source).split('\n').slice(0, -1);
      return whole.find((line) => pattern.test(line));
    }, `a line on ${source} like ${pattern}`);
  }

  /** What `look` returns, as soon as that is something; it is asked again whenever there is more output. */
  until<T>(look: () => T | undefined, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle();
        reject(new Error(`${why} ${what}:\n${this.#transcript()}`));
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) {
          settle();
          resolve(found);
        } else if (this.#ended) fail('the process ended without');
      };
      const deadline = setTimeout(() => fail('the process does not give'), PATIENCE);
      const settle = (): void => {
        clearTimeout(deadline);
        this.#watchers = this.#watchers.filter((watcher) => watcher !== check);
      };
      this.#watchers.push(check);
      check();
    });
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #transcript(): string {
    return `--- stdout\n${this.text('stdout')}\n--- stderr\n${this.text('stderr')}`;
  }
}
