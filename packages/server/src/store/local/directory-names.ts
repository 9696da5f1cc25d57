import { type Dir, opendirSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { errnoOf } from '@filex/protocol/node';

/**
 * The names in a folder, a batch at a time: never the whole folder in memory. As bytes, because on Linux a name can be
 * anything but `/` and NUL, and decoding one that is no UTF-8 makes it the name of something that does not exist.
 */
export async function* readNames(path: string, batch: number): AsyncGenerator<Buffer[]> {
  // The types of Node know no `buffer` here; its documentation and its code do.
  const encoding = 'buffer' as BufferEncoding;
  const directory = await opendir(path, { encoding, bufferSize: batch });
  try {
    let names: Buffer[] = [];
    for (;;) {
      const name = await nextName(directory);
      if (name === 'vanished') continue;
      if (name !== undefined) names.push(name);
      if (names.length === batch || (name === undefined && names.length > 0)) {
        yield names;
        names = [];
      }
      if (name === undefined) return;
    }
  } finally {
    await directory.close();
  }
}

/** The same one by one, at once: for as many as one wants in one go. */
export class NameReader {
  readonly #directory: Dir;

  /** @param batch how many are read from the system at a time. */
  constructor(path: string, batch: number) {
    this.#directory = opendirSync(path, { encoding: 'buffer' as BufferEncoding, bufferSize: batch });
  }

  /** Undefined at the end. */
  next(): Buffer | undefined {
    for (;;) {
      try {
        const entry = this.#directory.readSync();
        return entry === null ? undefined : (entry.name as unknown as Buffer);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error; // else vanished, see below
      }
    }
  }

  close(): void {
    this.#directory.closeSync();
  }
}

async function nextName(directory: Dir): Promise<Buffer | 'vanished' | undefined> {
  try {
    const entry = await directory.read();
    return entry === null ? undefined : (entry.name as unknown as Buffer);
  } catch (error) {
    // Where the system does not tell kinds along with names, Node looks each up, and it may be gone by then.
    if (errnoOf(error) === 'ENOENT') return 'vanished';
    throw error;
  }
}
