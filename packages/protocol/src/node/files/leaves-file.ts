import { open, unlink } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { DIGEST_SIZE } from '../../wire/digest.js';
import { errnoOf } from './errno.js';

/** Bytes of one record: a digest, and a checksum of it and of its place. */
const RECORD = DIGEST_SIZE + 4;

/** Digests that are read at once. */
const BATCH = 4096;

type Handle = Awaited<ReturnType<typeof open>>;

/**
 * The digests of the blocks of a staged file, kept beside it, so that a transfer that was cut can go on without reading what
 * is there. Each has a checksum, so that what was only partly written is seen; what follows that is not looked at. Calls come one
 * at a time, and reject with the error of the operating system.
 */
export class LeavesFile {
  readonly #path: string;
  #handle: Handle | undefined;
  #count: number;
  #begun = false;
  #ended = false;

  /** @param count how many digests of a file that is there are kept; 0 makes a new one. Nothing is opened yet. */
  constructor(path: string, count: number) {
    this.#path = path;
    this.#count = count;
  }

  /** How many digests it has. */
  get count(): number {
    return this.#count;
  }

  /** Whether it was discarded. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds the digest of the next block. What is not flushed survives the process, not the machine. */
  async append(leaf: Uint8Array): Promise<void> {
    const handle = await this.#open();
    const record = recordOf(leaf, this.#count);
    for (let done = 0; done < RECORD; )
      done += (await handle.write(record, done, RECORD - done, this.#count * RECORD + done)).bytesWritten;
    this.#count += 1;
  }

  /** Drops the digests beyond the first `count`. */
  async truncate(count: number): Promise<void> {
    if (count >= this.#count) return;
    this.#count = count;
    await (await this.#open()).truncate(count * RECORD);
  }

  /** Makes durable what is in it. */
  async sync(): Promise<void> {
    await (await this.#open()).datasync();
  }

  /** Closes it; the next call opens it again. */
  async park(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** Closes and removes it, if it is there. */
  async discard(): Promise<void> {
    this.#ended = true;
    try {
      await this.park();
    } finally {
      await unlink(this.#path).catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
      });
    }
  }

  async #open(): Promise<Handle> {
    if (this.#handle !== undefined) return this.#handle;
    const isNew = !this.#begun && this.#count === 0;
    const handle = await open(this.#path, isNew ? 'w' : 'r+', 0o600);
    try {
      if (!this.#begun) await handle.truncate(this.#count * RECORD);
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#begun = true;
    this.#handle = handle;
    return handle;
  }
}

/**
 * The digests that a file has, as far as they are whole.
 * @throws the error of the operating system, `ENOENT` when there is no such file.
 */
export async function readLeaves(path: string): Promise<Uint8Array[]> {
  const handle = await open(path, 'r');
  try {
    const leaves: Uint8Array[] = [];
    const buffer = Buffer.alloc(BATCH * RECORD);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, leaves.length * RECORD);
      const whole = Math.floor(bytesRead / RECORD);
      for (let i = 0; i < whole; i += 1) {
        const record = buffer.subarray(i * RECORD, (i + 1) * RECORD);
        const leaf = Uint8Array.from(record.subarray(0, DIGEST_SIZE));
        if (!recordOf(leaf, leaves.length).equals(record)) return leaves;
        leaves.push(leaf);
      }
      if (whole === 0) return leaves;
    }
  } finally {
    await handle.close();
  }
}

function recordOf(leaf: Uint8Array, index: number): Buffer {
  const record = Buffer.alloc(RECORD);
  record.set(leaf);
  record.writeUInt32BE(index % 2 ** 32, DIGEST_SIZE);
  // The place is part of what is checked, and not kept: it is where the record is.
  record.writeUInt32BE(crc32(record), DIGEST_SIZE);
  return record;
}
