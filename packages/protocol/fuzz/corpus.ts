import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hex } from '../src/testing/bytes.js';
import { rawFrame } from '../src/testing/frames.js';
import { frameTypes } from '../src/wire/frame.js';

/** Inputs as text, one a line: hexadecimal, a byte that comes more than seven times in a row as `ab*300`. */
export function writeInput(input: Uint8Array): string {
  const words: string[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') words.push(plain);
    plain = '';
  };
  for (let at = 0; at < input.length; ) {
    const byte = input[at] as number;
    let end = at + 1;
    while (input[end] === byte) end += 1;
    const text = byte.toString(16).padStart(2, '0');
    if (end - at > 7) {
      flush();
      words.push(`${text}*${end - at}`);
    } else {
      plain += text.repeat(end - at);
    }
    at = end;
  }
  flush();
  return words.join(' ');
}

/** @throws Error when the line is not one that `writeInput` writes. */
export function readInput(line: string): Uint8Array {
  const bytes: number[] = [];
  for (const word of line.split(' ').filter((each) => each !== '')) {
    const run = /^([0-9a-f]{2})\*(\d+)$/.exec(word);
    if (run !== null) {
      for (let i = 0; i < Number(run[2]); i += 1) bytes.push(Number.parseInt(run[1] as string, 16));
    } else if (/^([0-9a-f]{2})+$/.test(word)) {
      bytes.push(...Buffer.from(word, 'hex'));
    } else {
      throw new Error(`"${word}" is neither hexadecimal nor a run of a byte`);
    }
  }
  return Uint8Array.from(bytes);
}

/** A folder of inputs: `<target>.txt`, lines that begin with `#` are comments. */
export class Folder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(target: string): Uint8Array[] {
    const file = join(this.#path, `${target}.txt`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('#')).map(readInput);
  }

  /** Replaces what is kept of a target, in an order that does not depend on how it was found. */
  write(target: string, inputs: readonly Uint8Array[]): void {
    const lines = inputs.map(writeInput).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    mkdirSync(this.#path, { recursive: true });
    writeFileSync(join(this.#path, `${target}.txt`), `${lines.join('\n')}\n`);
  }

  /** Adds one input with a comment that says what it is, if it is not there yet. */
  append(target: string, input: Uint8Array, comment: string): void {
    const file = join(this.#path, `${target}.txt`);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const line = writeInput(input);
    if (before.split('\n').includes(line)) return;
    mkdirSync(this.#path, { recursive: true });
    writeFileSync(file, `${before}# ${comment.replaceAll('\n', ' ')}\n${line}\n`);
  }
}

/**
 * What test vectors hold: every text in hexadecimal, and the payload of a message as the frame that it belongs to. Test
 * vectors are good inputs, whatever they are for.
 */
export function inputsOfVectors(folder: string): Uint8Array[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && /^([0-9a-f]{2})+$/i.test(value)) found.add(value.toLowerCase());
    if (typeof value !== 'object' || value === null) return;
    const { message, payload } = value as Readonly<Record<string, unknown>>;
    if (typeof message === 'string' && message in frameTypes && typeof payload === 'string') {
      const type = frameTypes[message as keyof typeof frameTypes];
      found.add(hex(rawFrame(type, type === frameTypes.HELLO ? 0 : 1, Buffer.from(payload, 'hex'))));
    }
    Object.values(value).forEach(visit);
  };
  if (!existsSync(folder)) return [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (name.endsWith('.json')) visit(JSON.parse(readFileSync(join(folder, name), 'utf8')));
  }
  return [...found].map((text) => Uint8Array.from(Buffer.from(text, 'hex')));
}
