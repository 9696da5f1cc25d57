import { stripVTControlCharacters } from 'node:util';
import type { Output } from '../../io.js';
import { columnsOf } from '../columns.js';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[0J';
const CLEAR_REST = '\x1b[0K';

/**
 * A few lines at the bottom of a terminal that are redrawn in place. Everything else that goes to the same terminal
 * meanwhile has to go through `print`, which puts it above.
 */
export class Screen {
  readonly #output: Output;
  #lines: readonly string[] = [];
  #open = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Replaces the lines. None may be wider than the terminal. */
  draw(lines: readonly string[]): void {
    const start = this.#open ? '' : HIDE_CURSOR;
    this.#open = true;
    const text = lines.map((line) => line + CLEAR_REST).join('\n');
    // The cursor waits on the left, where the `^C` that a terminal echoes cannot wrap a full line.
    this.#output.write(`${start}${this.#home()}${text}${CLEAR_BELOW}\r`);
    this.#lines = lines;
  }

  /** Writes lines that stay, above what is redrawn. */
  print(text: string): void {
    if (!this.#open) {
      this.#output.write(`${text}\n`);
      return;
    }
    const below = this.#lines;
    this.#output.write(`${this.#home()}${CLEAR_BELOW}${text}\n`);
    this.#lines = [];
    this.draw(below);
  }

  /** Takes the lines away and gives the cursor back. Safe to call at any time, any number of times. */
  close(): void {
    if (!this.#open) return;
    this.#output.write(`${this.#home()}${CLEAR_BELOW}${SHOW_CURSOR}`);
    this.#open = false;
    this.#lines = [];
  }

  /** To the first column of the first line: lines drawn before the terminal became narrower take several rows now. */
  #home(): string {
    const columns = Math.max(1, this.#output.columns ?? 80);
    let rows = 0;
    for (const line of this.#lines) {
      rows += Math.max(1, Math.ceil(columnsOf(stripVTControlCharacters(line)) / columns));
    }
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r';
  }
}
