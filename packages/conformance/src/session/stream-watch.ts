import { specification } from '../spec/specification.js';
import { BLOCK_SIZE } from '../wire/tree-digest.js';
import { Violation } from '../wire/violation.js';
import type { Frame } from './judge-frame.js';

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What the client asked for, as far as answers are judged by it. */
export interface Asked {
  readonly operation: number;
  readonly offset?: number;
  readonly recursive?: boolean;
  readonly algorithm?: string;
}

/** Judges what a server says on one stream by the table of its operation. */
export class StreamWatch {
  readonly id: number;
  readonly #table: Table;
  readonly #machine: string;
  readonly #asked: Asked;
  #state: string;
  #accepted = 0;
  #acknowledged = 0;
  /** File bytes that the client, or the server, sent. */
  #sent = 0;
  #received = 0;
  /** Bytes of DATA and pages from the server, for credit. */
  #spent = 0;
  #size: number | undefined;
  readonly #listed = new Map<string, string>();

  constructor(id: number, asked: Asked) {
    this.id = id;
    this.#asked = asked;
    const operation = Object.values(specification.operations).find(
      ({ number }) => number === asked.operation,
    );
    this.#machine = operation?.machine ?? 'call';
    this.#table = specification.machines[this.#machine] as Table;
    const resuming = this.#machine === 'upload' && (asked.offset ?? 0) > 0;
    this.#state = resuming ? 'resuming' : (Object.keys(this.#table).find((s) => s !== 'resuming') as string);
  }

  get state(): string {
    return this.#state;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Notes what the client has sent. What the table does not allow changes nothing: the case wants to break a rule. */
  sent(event: 'I_DATA' | 'I_END' | 'I_RESET', bytes = 0): void {
    this.#state = this.#table[this.#state]?.[event] ?? this.#state;
    this.#sent += bytes;
  }

  /** @throws Violation */
  heard(frame: Frame): void {
    const event = eventOf(frame);
    const next = this.#table[this.#state]?.[event];
    if (next === undefined) {
      // A RESET or CREDIT may be late; anything else after the last word is one word too many.
      const rules = this.#state === 'closed' ? ['FX-7.3-1', 'FX-7.1-4'] : ['FX-7.2-7'];
      throw new Violation(
        rules,
        `${event} on stream ${this.id}, which runs ${this.#machine} in state ${this.#state}`,
      );
    }
    this.#state = next;
    switch (frame.name) {
      case 'ACCEPT':
        return this.#onAccept(frame.message);
      case 'ACK':
        return this.#onAck(frame.message.offset);
      case 'DATA':
        this.#received += frame.payload.length;
        this.#spent += frame.payload.length;
        if (this.#size !== undefined && this.#accepted + this.#received > this.#size)
          throw new Violation(['FX-9.2-4'], `more DATA on stream ${this.id} than the size it announced`);
        return;
      case 'END':
        if (frame.message.length !== this.#accepted + this.#received)
          throw new Violation(
            ['FX-9.2-5'],
            `END says ${frame.message.length}, the DATA ended at ${this.#accepted + this.#received}`,
          );
        if (this.#size !== undefined && frame.message.length !== this.#size)
          throw new Violation(['FX-9.2-4'], `END says ${frame.message.length}, ACCEPT said ${this.#size}`);
        return;
      case 'ENTRY':
        this.#spent += frame.payload.length;
        for (const entry of frame.message.entries) this.#onEntry(entry);
        return;
      default:
        return;
    }
  }

  #onAccept({
    offset,
    epoch,
    prefix,
    size,
    mtime,
    algorithm,
  }: Extract<Frame, { name: 'ACCEPT' }>['message']): void {
    const asked = this.#asked.offset ?? 0;
    const upload = this.#machine === 'upload';
    const fits = offset === 0 || offset === asked || (upload && offset % BLOCK_SIZE === 0);
    if (offset > asked || !fits)
      throw new Violation(
        [upload ? 'FX-12.2-4' : 'FX-12.4-3'],
        `ACCEPT at ${offset}, where ${asked} was asked for`,
      );
    if (upload && offset > 0 !== (prefix !== undefined))
      throw new Violation(['FX-12.2-6'], `ACCEPT at ${offset} ${prefix ? 'with' : 'without'} "prefix"`);
    if (!upload && prefix !== undefined)
      throw new Violation(['FX-12.4-3'], 'ACCEPT of a download has "prefix"');
    if (!upload && epoch !== 0) throw new Violation(['FX-12.1-3'], `ACCEPT of a download has epoch ${epoch}`);
    if (!upload && (size === undefined || mtime === undefined))
      throw new Violation(['FX-9.2-1'], 'ACCEPT of a download lacks "size" or "mtime"');
    if (
      !upload &&
      this.#asked.algorithm !== undefined &&
      algorithm !== undefined &&
      algorithm !== this.#asked.algorithm
    )
      throw new Violation(
        ['FX-9.2-2'],
        `ACCEPT has the algorithm ${algorithm}, not the one that was asked for`,
      );
    this.#accepted = offset;
    this.#acknowledged = offset;
    if (!upload) this.#size = size;
  }

  #onAck(offset: number): void {
    if (offset < this.#acknowledged || offset > this.#accepted + this.#sent)
      throw new Violation(
        ['FX-8.2-6'],
        `ACK of ${offset} after ${this.#acknowledged}, when ${this.#accepted + this.#sent} were sent`,
      );
    this.#acknowledged = offset;
  }

  #onEntry({ path, kind, size }: Extract<Frame, { name: 'ENTRY' }>['message']['entries'][number]): void {
    if (path === undefined) throw new Violation(['FX-10.2-2'], 'an entry of a listing is the root');
    const shown = JSON.stringify(path);
    if (kind !== 'file' && size !== 0)
      throw new Violation(['FX-15.2-1'], `the ${kind} ${shown} has the size ${size}`);
    if (this.#listed.has(path)) throw new Violation(['FX-10.2-5'], `${shown} was listed twice`);
    this.#listed.set(path, kind);
    const cut = path.lastIndexOf('/');
    if (cut < 0) return;
    if (this.#asked.recursive !== true)
      throw new Violation(['FX-10.2-3'], `${shown} is not directly in the folder`);
    const parent = path.slice(0, cut);
    if (this.#listed.get(parent) !== 'directory')
      throw new Violation(['FX-10.2-4'], `${shown} was listed before its folder`);
  }
}

function eventOf(frame: Frame): string {
  if (frame.name !== 'RESULT') return `R_${frame.name}`;
  return frame.message.status === 0 ? 'R_SUCCESS' : 'R_FAILURE';
}
