import { frameTypes, HEADER_SIZE, writeHeader } from '../wire/frame.js';

/**
 * Headers and control frames are written into pieces of memory, so that many small frames leave as one. Each piece is twice as large
 * as the one before, up to the last size: a connection that says little must not hold much.
 */
const FIRST_ARENA_SIZE = 512;
const ARENA_SIZE = 16 * 1024;

/**
 * What is to be sent, in order. Control frames are copied into an arena that is never written twice; the payload of
 * DATA is the caller's own buffer, by identity, so its owner must leave it alone until the transport has sent it.
 */
export class OutputQueue {
  #parts: Uint8Array[] = [];
  #arena = new Uint8Array(FIRST_ARENA_SIZE);
  /** Where the next frame goes, and where the part that is still open began. */
  #arenaEnd = 0;
  #openFrom = 0;
  #size = 0;
  #taken = 0;

  /** Bytes taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Bytes waiting. */
  get size(): number {
    return this.#size;
  }

  raw(bytes: Uint8Array): void {
    this.#append(bytes.length).set(bytes);
  }

  control(type: number, stream: number, payload: Uint8Array): void {
    const target = this.#append(HEADER_SIZE + payload.length);
    writeHeader(target, 0, payload.length, type, stream);
    target.set(payload, HEADER_SIZE);
  }

  data(stream: number, bytes: Uint8Array): void {
    writeHeader(this.#append(HEADER_SIZE), 0, bytes.length, frameTypes.DATA, stream);
    this.#close();
    this.#parts.push(bytes);
    this.#size += bytes.length;
  }

  /** The same of a buffer that has room for the header before the payload: both leave as one part. */
  framed(stream: number, buffer: Uint8Array): void {
    writeHeader(buffer, 0, buffer.length - HEADER_SIZE, frameTypes.DATA, stream);
    this.#close();
    this.#parts.push(buffer);
    this.#size += buffer.length;
  }

  /** Takes parts off the front until they hold `max` bytes or nothing is left; a part is never cut. */
  take(max: number): Uint8Array[] {
    this.#close();
    let bytes = 0;
    let count = 0;
    while (count < this.#parts.length && bytes < max) {
      bytes += (this.#parts[count] as Uint8Array).length;
      count += 1;
    }
    this.#size -= bytes;
    this.#taken += bytes;
    if (count === this.#parts.length) {
      const all = this.#parts;
      this.#parts = [];
      return all;
    }
    return this.#parts.splice(0, count);
  }

  #append(length: number): Uint8Array {
    if (this.#arenaEnd + length > this.#arena.length) {
      this.#close();
      const size = Math.min(2 * this.#arena.length, ARENA_SIZE);
      this.#arena = new Uint8Array(Math.max(size, length));
      this.#arenaEnd = 0;
      this.#openFrom = 0;
    }
    const target = this.#arena.subarray(this.#arenaEnd, this.#arenaEnd + length);
    this.#arenaEnd += length;
    this.#size += length;
    return target;
  }

  #close(): void {
    if (this.#openFrom === this.#arenaEnd) return;
    this.#parts.push(this.#arena.subarray(this.#openFrom, this.#arenaEnd));
    this.#openFrom = this.#arenaEnd;
  }
}
