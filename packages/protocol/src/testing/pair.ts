import { Connection, type ConnectionEvent } from '../connection.js';
import type { Limits } from '../limits.js';
import { clobber, concat } from './bytes.js';
import { rawFrame } from './frames.js';
import { Observer } from './observer.js';
import type { Random } from './random.js';

export type Side = 'client' | 'server';
export const sides: readonly Side[] = ['client', 'server'];
export const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');

interface Chunk {
  readonly bytes: Uint8Array;
  /** Who still looks at it. */
  views: number;
}

/** What arrived and is not consumed yet: bytes of a file, still in the memory they were read into, or entries. */
interface Held {
  readonly stream: number;
  readonly size: number;
  readonly bytes?: Uint8Array;
  readonly chunk?: Chunk;
}

/** What a `Pair` tells about one end, besides file bytes. */
export type Heard = Exclude<ConnectionEvent, { type: 'data' }>;

/**
 * Two connections back to back, with a wire between them that delays, cuts and interleaves as chance has it, and a clock
 * that only moves when told. Every chunk has memory of its own, which is overwritten once its bytes were consumed.
 */
export class Pair {
  readonly ends: Readonly<Record<Side, Connection>>;
  readonly observer = new Observer();
  readonly #random: Random;
  /** On the way to that end. */
  readonly #wire: Record<Side, Uint8Array[]> = { client: [], server: [] };
  readonly #held: Record<Side, Held[]> = { client: [], server: [] };
  readonly #onEvent: (side: Side, event: Heard) => void;
  readonly #onBytes: (side: Side, stream: number, bytes: Uint8Array) => void;
  now = 0;

  constructor(options: {
    readonly random: Random;
    readonly limits?: Partial<Record<Side, Partial<Limits>>>;
    readonly onEvent: (side: Side, event: Heard) => void;
    readonly onBytes?: (side: Side, stream: number, bytes: Uint8Array) => void;
  }) {
    this.#random = options.random;
    this.#onEvent = options.onEvent;
    this.#onBytes = options.onBytes ?? (() => undefined);
    const create = (role: Side): Connection =>
      new Connection({
        role,
        now: 0,
        random: (size) => this.#random.bytes(size),
        limits: options.limits?.[role],
        agent: role,
      });
    this.ends = { client: create('client'), server: create('server') };
  }

  /** Nothing is under way, waits to be sent or waits to be consumed. */
  get idle(): boolean {
    return sides.every(
      (side) =>
        this.ends[side].outputSize === 0 && this.#wire[side].length === 0 && this.#held[side].length === 0,
    );
  }

  /** Takes some of what an end has to send and puts it on the wire. */
  transmit(from: Side): void {
    const max = this.#random.chance(0.3) ? this.#random.integer(1, 300) : Number.POSITIVE_INFINITY;
    for (const part of this.ends[from].takeOutput(max)) {
      this.observer.see(from, part);
      this.#wire[other(from)].push(part.slice());
      if (this.observer.atBoundary(from) && this.#random.chance(0.05))
        this.#wire[other(from)].push(this.#grease());
    }
  }

  /** A frame of a later version, which an end of this one passes over. */
  #grease(): Uint8Array {
    const random = this.#random;
    const payload = random.bytes(random.integer(0, 50));
    return rawFrame(random.integer(0x80, 0xff), random.integer(0, 9), payload, random.integer(0, 255));
  }

  /** Delivers some of what is on the wire to an end, cut anywhere. */
  deliver(to: Side): void {
    const [first, ...more] = this.#wire[to];
    if (first === undefined) return;
    // Several parts in one read, one part, or a part of one.
    const whole = this.#random.chance(0.5) ? concat([first, ...more]) : first;
    const rest = whole === first ? more : [];
    const size = this.#random.chance(0.5)
      ? this.#random.integer(1, Math.min(whole.length, 40))
      : whole.length;
    this.#wire[to] = size < whole.length ? [whole.subarray(size), ...rest] : rest;
    const chunk = { bytes: Buffer.from(Uint8Array.from(whole.subarray(0, size)).buffer), views: 1 };
    this.ends[to].receive(chunk.bytes, this.now);
    this.#drain(to, chunk);
    this.#release(chunk);
  }

  /** Stores some of the bytes that arrived at an end, which lets the other send more. */
  consume(side: Side): void {
    const held = this.#held[side];
    const count = this.#random.chance(0.5) ? held.length : this.#random.integer(0, held.length);
    for (const { stream, size, bytes, chunk } of held.splice(0, count)) {
      if (bytes !== undefined) this.#onBytes(side, stream, bytes);
      this.ends[side].consume(stream, size);
      if (chunk !== undefined) this.#release(chunk);
    }
  }

  /** Time passes, sometimes a leap to the moment at which an end grows uneasy, never to where it gives up. */
  pass(): void {
    const open = sides.every((side) => ['open', 'draining'].includes(this.ends[side].state));
    const due = Math.min(...sides.map((side) => this.ends[side].nextTimeout() ?? Number.POSITIVE_INFINITY));
    const soon = this.now + this.#random.integer(0, 5);
    const leap = open && due < this.now + 1000 && this.#random.chance(0.02);
    this.now = leap ? due : Math.min(due, soon);
    for (const side of sides) {
      this.ends[side].handleTimeout(this.now);
      this.#drain(side, undefined);
    }
  }

  /** Reads the events that an end has because of what this test did to it. */
  drain(side: Side): void {
    this.#drain(side, undefined);
  }

  /** Delivers everything both ways until nothing is left. */
  settle(): void {
    while (!this.idle) {
      for (const side of sides) {
        this.transmit(side);
        this.deliver(other(side));
        this.consume(side);
      }
    }
  }

  #drain(side: Side, chunk: Chunk | undefined): void {
    for (const event of this.ends[side].events()) {
      if (event.type === 'data') {
        if (chunk === undefined) throw new Error('bytes came from nowhere');
        chunk.views += 1;
        this.#held[side].push({ stream: event.stream, size: event.bytes.length, bytes: event.bytes, chunk });
        continue;
      }
      if (event.type === 'entries') this.#held[side].push({ stream: event.stream, size: event.size });
      this.#onEvent(side, event);
    }
  }

  #release(chunk: Chunk): void {
    chunk.views -= 1;
    if (chunk.views === 0) clobber(chunk.bytes);
  }
}
