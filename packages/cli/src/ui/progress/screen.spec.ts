import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Output } from '../../io.js';
import { Screen } from './screen.js';

const sequences = new RegExp(`${String.fromCharCode(27)}\\[([?\\d]*)([A-Za-z])|([\\s\\S])`, 'g');

/** A terminal of endless height that knows the few sequences we use. */
class Terminal {
  readonly rows: string[] = [''];
  cursorShown = true;
  #row = 0;
  #column = 0;
  readonly output: Output;

  constructor(columns: number) {
    const stream = new PassThrough({ decodeStrings: false, encoding: 'utf8' });
    stream.write = ((text: string) => {
      this.#take(text);
      return true;
    }) as typeof stream.write;
    this.output = Object.assign(stream, { isTTY: true, columns });
  }

  #take(text: string): void {
    for (const [, sequence, final, character] of text.matchAll(sequences)) {
      if (character !== undefined) this.#type(character);
      else if (final === 'A') this.#row -= Number(sequence);
      else if (final === 'K') this.#cut();
      else if (final === 'J') {
        this.#cut();
        this.rows.length = this.#row + 1;
      } else if (final === 'l') this.cursorShown = false;
      else if (final === 'h') this.cursorShown = true;
      else throw new Error(`unknown sequence ${sequence}${final}`);
    }
    expect(this.#row).toBeGreaterThanOrEqual(0);
  }

  #type(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.rows[this.#row] ??= '';
    } else {
      const row = this.rows[this.#row] as string;
      this.rows[this.#row] =
        row.slice(0, this.#column).padEnd(this.#column) + character + row.slice(this.#column + 1);
      this.#column += 1;
    }
  }

  #cut(): void {
    this.rows[this.#row] = (this.rows[this.#row] as string).slice(0, this.#column);
  }
}

describe('Screen', () => {
  it('shows the printed lines and then the last drawn ones, in every order of calls', () => {
    const line = fc.stringMatching(/^[a-z]{0,20}$/);
    const lines = fc.array(line, { minLength: 1, maxLength: 5 });
    const call = fc.oneof(
      fc.record({ draw: lines }),
      fc.record({ print: line }),
      fc.record({ close: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
        const terminal = new Terminal(80);
        const screen = new Screen(terminal.output);
        const printed: string[] = [];
        let drawn: string[] = [];
        for (const one of calls) {
          if ('draw' in one) {
            screen.draw(one.draw);
            drawn = one.draw;
          } else if ('print' in one) {
            screen.print(one.print);
            printed.push(one.print);
          } else {
            screen.close();
            drawn = [];
          }
          expect(terminal.rows).toEqual([...printed, ...(drawn.length === 0 ? [''] : drawn)]);
          expect(terminal.cursorShown).toBe(drawn.length === 0);
        }
      }),
    );
  });

  it('goes up over the rows that a line takes after the terminal became narrower', () => {
    const written: string[] = [];
    const stream = new PassThrough();
    stream.write = ((text: string) => {
      written.push(text);
      return true;
    }) as typeof stream.write;
    const output = Object.assign(stream, { isTTY: true, columns: 20 });
    const screen = new Screen(output);
    screen.draw(['x'.repeat(18), 'y']);
    output.columns = 10;
    screen.draw(['z']);
    expect(written.at(-1)).toContain('\x1b[2A');
  });
});
