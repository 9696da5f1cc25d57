import type { IPty } from '@lydell/node-pty';
import { cleanUp } from './clean-up.js';
import { environment } from './environment.js';

/** Keys as a terminal sends them. */
export const keys = {
  enter: '\r',
  space: ' ',
  down: '\x1b[B',
  up: '\x1b[A',
  tab: '\t',
  backspace: '\x7f',
  interrupt: '\x03',
} as const;

/** Milliseconds; then a test fails with what is on the screen, not with a time-out of its own. */
const PATIENCE = 120_000;

type Pty = typeof import('@lydell/node-pty');

/** The library for pseudo-terminals, or why there is none on this machine. */
export async function loadPty(): Promise<Pty | string> {
  try {
    return await import('@lydell/node-pty');
  } catch (error) {
    return `no pseudo-terminal on ${process.platform}-${process.arch}: ${(error as Error).message}`;
  }
}

/** A program of Node on a pseudo-terminal: keys go in, text comes out. */
export class Terminal {
  readonly exited: Promise<number>;
  readonly #pty: IPty;
  #output = '';
  #seen = 0;
  #ended = false;
  #watchers: (() => void)[] = [];

  constructor(
    pty: Pty,
    words: readonly string[],
    options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ) {
    const env = environment({ TERM: 'xterm-256color', ...options.env });
    this.#pty = pty.spawn(process.execPath, [...words], {
      cols: 100,
      rows: 30,
      cwd: options.cwd,
      env: env as Record<string, string>,
    });
    this.#pty.onData((text) => {
      this.#output += text;
      this.#notify();
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        this.#ended = true;
        resolve(exitCode);
        this.#notify();
      });
    });
    cleanUp(async () => {
      if (!this.#ended) this.#pty.kill('SIGKILL');
      await this.exited;
    });
  }

  /** All that was shown, as plain text: without colours and cursor movements. */
  get text(): string {
    return plain(this.#output);
  }

  /** All that was written to the terminal. */
  get raw(): string {
    return this.#output;
  }

  press(...strokes: readonly string[]): void {
    for (const stroke of strokes) this.#pty.write(stroke);
  }

  /** Waits for text that comes after what was waited for before. Rejects when it does not come. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle();
        reject(new Error(`${why} ${pattern}:\n${this.text}`));
      };
      const check = (): void => {
        const found = pattern.exec(this.text.slice(this.#seen));
        if (found !== null) {
          this.#seen += found.index + found[0].length;
          settle();
          resolve(found);
        } else if (this.#ended) fail('the program ended without showing');
      };
      const deadline = setTimeout(() => fail('the program does not show'), PATIENCE);
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
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences are what this is about
const sequences = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>()78][0B]?/g;

function plain(output: string): string {
  return output.replace(sequences, '').replaceAll('\r\n', '\n');
}
