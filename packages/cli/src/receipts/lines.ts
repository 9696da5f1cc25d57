import { createReadStream } from 'node:fs';
import { fileError } from '@filex/protocol/node';
import { bounds } from '../bounds.js';

/** A line of a file. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Undefined for one that is too long to be one of ours. */
  readonly text: string | undefined;
}

/**
 * The lines of a file, but the empty ones, each with a bound on its length: the file may be anybody's.
 * @throws FilexError when it cannot be read.
 */
export async function* linesOf(path: string): AsyncGenerator<Line, void, undefined> {
  let number = 1;
  let rest: Buffer[] = [];
  let length = 0;
  const line = (): Line | undefined => {
    const text = length > bounds.receiptLine ? undefined : Buffer.concat(rest).toString('utf8').trim();
    rest = [];
    length = 0;
    return text === '' ? undefined : { number, text };
  };
  for await (const chunk of chunksOf(path)) {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(0x0a, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end);
      length += part.length;
      if (length <= bounds.receiptLine) rest.push(part);
      else rest = [];
      at += part.length + 1;
      if (end < 0) break;
      const found = line();
      if (found !== undefined) yield found;
      number += 1;
    }
  }
  const last = line();
  if (last !== undefined) yield last;
}

async function* chunksOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* createReadStream(path) as AsyncIterable<Buffer>;
  } catch (error) {
    throw fileError(error, { action: 'read', path });
  }
}
