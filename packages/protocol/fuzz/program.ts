import { Connection, type ConnectionEvent } from '../src/connection.js';
import { LocalProtocolError } from '../src/errors.js';
import { clobber, concat, cut, hex } from '../src/testing/bytes.js';
import { messageFrame, rawFrame } from '../src/testing/frames.js';
import { greasedHello, read } from '../src/testing/peer.js';
import { PREFACE } from '../src/wire/preface.js';
import { cues, u16 } from './inputs.js';
import { gist, insist } from './targets/target.js';

export type Role = 'client' | 'server';

/** So narrow that small inputs go beyond them. */
const limits = {
  maxDataPayload: 4096,
  maxStreams: 3,
  initialStreamWindow: 8192,
  maxStreamWindow: 16_384,
  initialConnectionWindow: 12_288,
  maxConnectionWindow: 32_768,
};

/** What a connection may hold to be sent for its peer's sake alone: PONGs, last words and a GOAWAY with its reason. */
const MOST_ANSWERS = 4096;

const operations = [
  'upload',
  'download',
  'list',
  'stat',
  'makeDirectory',
  'rename',
  'remove',
  'digest',
] as const;
const streams = [1, 3, 5];
const digest = new Uint8Array(32);

type Act = (program: Program, stream: number, value: number) => void;

/** What the program around a connection may do; the order is their number in an input. */
const acts = {
  accept(program, stream, value) {
    const offset = [0, 0, value >> 8, 2 ** 20][value % 4] as number;
    // A download has none; and sometimes it is missing.
    const prefix = offset > 0 && (value & 0x80) === 0 ? digest : undefined;
    program.connection.accept(stream, { offset, prefix, size: 100 });
    program.setBase(stream, offset);
  },
  write(program, stream, value) {
    const bytes = new Uint8Array(value % 5000);
    program.connection.write(stream, bytes);
    program.addWritten(stream, bytes.length);
  },
  // Sometimes with a wrong length.
  end: (program, stream, value) =>
    program.connection.end(stream, program.length(stream) + (value % 8 === 7 ? 1 : 0), digest),
  acknowledge: ({ connection }, stream, value) => connection.acknowledge(stream, value),
  writeEntries({ connection }, stream, value) {
    const entry = {
      path: 'a'.repeat(1 + (value >> 8)),
      kind: 'file',
      size: 1,
      mtime: 0,
      executable: false,
    } as const;
    connection.writeEntries(stream, Array(1 + (value % 16)).fill(entry));
  },
  result: ({ connection }, stream, value) =>
    connection.result(stream, { status: value % 2 === 0 ? 'OK' : 'BUSY', effect: 'none' }),
  reset: ({ connection }, stream) => connection.reset(stream, 'CANCELLED', 'as planned'),
  consume: (program, stream, value) => program.consume(stream, value),
  withhold: (program, stream, value) =>
    program.connection.withhold(stream, Math.min(value, program.pending(stream))),
  open: ({ connection }, _stream, value) =>
    connection.open({
      operation: operations[value % operations.length] as (typeof operations)[number],
      path: 'a',
      ...(value > 255 ? { offset: 2 ** ((value >> 8) % 32), prefix: digest } : {}),
    }),
  ping: ({ connection }) => connection.ping(),
  shutdown: ({ connection }) => connection.shutdown('as planned'),
  abort: ({ connection }) => connection.abort('INTERNAL', 'as planned'),
  authenticate: ({ connection }) => connection.authenticate('ANONYMOUS'),
  challenge: ({ connection }) => connection.challenge(Uint8Array.of(1)),
  authenticated: ({ connection }) => connection.authenticated('anonymous'),
  budget: (program, _stream, value) => program.setBudget(value),
} satisfies Record<string, Act>;

export type ActName = keyof typeof acts;
const actNames = Object.keys(acts) as ActName[];

/** An act as it stands in an input. */
export function actCue(name: ActName, stream = 1, value = 0): Uint8Array {
  const payload = Uint8Array.of(actNames.indexOf(name), stream >> 1, value >> 8, value);
  return rawFrame(cues.act, 0, payload);
}

/** A connection, the program that uses it, and all that has to be true of the two whatever the peer sends. */
export class Program {
  readonly connection: Connection;
  /** What happened, in words that do not depend on how the bytes were cut. */
  readonly log: string[] = [];
  readonly #role: Role;
  readonly #note: (text: string) => void;
  readonly #output: Uint8Array[] = [];
  readonly #pending = new Map<number, number>();
  readonly #delivered = new Map<number, number>();
  readonly #length = new Map<number, number>();
  #now = 1000;
  #budget = 0xffff;
  #heard = 0;
  /** Bytes to be sent that are there for what the peer said, since all was taken. */
  #answers = 0;
  #foreign = false;
  #last = '';

  constructor(role: Role, open: boolean, note: (text: string) => void) {
    this.#role = role;
    this.#note = note;
    this.connection = new Connection({
      role,
      now: this.#now,
      random: (size) => new Uint8Array(size).fill(9),
      limits,
      reserveCredit: (bytes) => {
        if (bytes > this.#budget) return false;
        this.#budget -= bytes;
        return true;
      },
    });
    if (open) this.#greet();
  }

  // ------------------------------------------------------------------ what an input says

  /** Bytes from the peer, whole or cut. `aligned`: they end with a whole frame. */
  hear(bytes: Uint8Array, sizes: readonly number[] | undefined, aligned: boolean): void {
    const { connection } = this;
    const over = connection.state === 'closed';
    const before = connection.outputSize;
    const rooms = streams.map((stream) => connection.sendable(stream));
    const pieces = sizes === undefined ? [bytes.slice()] : cut(bytes, sizes);
    for (const piece of pieces) connection.receive(piece, this.#now);
    const grown = connection.outputSize - before;
    const events = connection.events();
    insist(!over || (events.length === 0 && grown === 0), 'nothing happens after the end');
    this.#tell(events);
    for (const piece of pieces) clobber(piece);
    for (const [i, stream] of streams.entries()) {
      const lasts = connection.sendable(stream) > 0;
      insist(!lasts || connection.sendable(stream) >= (rooms[i] as number), 'credit is not taken back');
    }
    this.#heard += bytes.length;
    this.#answers += grown;
    const most = MOST_ANSWERS + this.#heard / 16;
    insist(this.#answers <= most, `${this.#answers} bytes of answers wait where ${most} may`);
    this.#check(aligned);
  }

  act(payload: Uint8Array): void {
    const name = actNames[(payload[0] ?? 0) % actNames.length] as ActName;
    const stream = 1 + 2 * ((payload[1] ?? 0) % 8);
    const value = payload.length < 4 ? 0 : u16(payload, 2);
    const { connection } = this;
    const facts = () =>
      [connection.outputSize, connection.state, connection.openStreams, connection.unconsumed].join();
    const before = facts();
    try {
      (acts[name] as Act)(this, stream, value);
      this.#say(`${name} ${stream} ${value}`, name);
    } catch (error) {
      if (!(error instanceof LocalProtocolError)) throw error;
      insist(facts() === before, `misuse changes nothing: ${error.message}`);
      this.#say(`${name} ${error.message}`, `${name} ${error.message}`);
    }
    this.#tell(connection.events());
    this.#check(true);
  }

  pass(payload: Uint8Array): void {
    const value = payload.length < 2 ? 0 : u16(payload, 0);
    const due = this.connection.nextTimeout();
    this.#now = value % 2 === 0 || due === undefined ? this.#now + value : Math.max(this.#now, due);
    this.connection.handleTimeout(this.#now);
    this.#tell(this.connection.events());
    this.#check(true);
  }

  take(payload: Uint8Array): void {
    this.#output.push(...this.connection.takeOutput(payload.length < 2 ? undefined : u16(payload, 0)));
    if (this.connection.outputSize === 0) this.#answers = 0;
  }

  /** The peer says nothing more: time runs out, and what was said can be read. */
  finish(): void {
    const { connection } = this;
    for (let i = 0; i < 3; i += 1) {
      const due = connection.nextTimeout();
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due);
      connection.handleTimeout(this.#now);
      this.#tell(connection.events());
    }
    insist(connection.state === 'closed', 'silence is the end of every connection');
    this.#output.push(...connection.takeOutput());
    const output = concat(this.#output);
    if (this.#foreign) this.log.push(hex(output));
    else this.#judgeOutput(output);
  }

  // ------------------------------------------------------------------ what acts need

  /** Of the file, as far as it was written. */
  length(stream: number): number {
    return this.#length.get(stream) ?? 0;
  }

  setBase(stream: number, offset: number): void {
    this.#length.set(stream, offset);
  }

  addWritten(stream: number, count: number): void {
    this.#length.set(stream, this.length(stream) + count);
  }

  pending(stream: number): number {
    return this.#pending.get(stream) ?? 0;
  }

  consume(stream: number, count: number): void {
    // One time in four more than there is.
    const most = count % 4 === 3 ? count : Math.min(count, this.pending(stream));
    this.connection.consume(stream, most);
    this.#pending.set(stream, this.pending(stream) - most);
  }

  setBudget(bytes: number): void {
    this.#budget = bytes;
  }

  // ------------------------------------------------------------------ inside

  #greet(): void {
    const { connection } = this;
    connection.receive(concat([PREFACE, messageFrame('HELLO', 0, greasedHello)]), this.#now);
    if (this.#role === 'client') {
      connection.authenticate('ANONYMOUS');
      connection.receive(messageFrame('AUTH', 0, { step: 'success', principal: 'a' }), this.#now);
    } else {
      connection.receive(messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }), this.#now);
      connection.authenticated('a');
    }
    insist(connection.state === 'open', 'the handshake is done');
    connection.events();
    connection.takeOutput();
  }

  #say(words: string, feature: string): void {
    this.log.push(words);
    const plain = gist(feature);
    const kind = plain.split(' ')[0] as string;
    this.#note(plain);
    this.#note(`${this.#last} > ${kind}`);
    this.#last = kind;
  }

  #tell(events: readonly ConnectionEvent[]): void {
    let stream = -1;
    let data: string[] = [];
    const flush = (): void => {
      if (data.length > 0) this.#say(`data ${stream} ${data.join('')}`, 'data');
      data = [];
    };
    for (const [i, event] of events.entries()) {
      if (event.type === 'data') {
        if (event.stream !== stream) flush();
        stream = event.stream;
        data.push(hex(event.bytes));
        this.#deliver(stream, event.bytes.length);
        continue;
      }
      flush();
      if (event.type === 'entries') this.#deliver(event.stream, event.size);
      if (event.type === 'accept') this.addWritten(event.stream, event.accept.offset);
      const last = event.type === 'fault' || (event.type === 'goaway' && event.code !== 'OK');
      insist(!last || i === events.length - 1, 'nothing follows the end');
      insist(!last || this.connection.state === 'closed', 'the end is the end');
      if (event.type === 'fault' && event.code === 'BAD_PREFACE') this.#foreign = true;
      // What is wrong with a message is the business of another target.
      const detail = event.type === 'fault' && event.code !== 'MESSAGE_MALFORMED' ? event.message : '';
      const feature = event.type === 'fault' ? `fault ${event.code} ${detail}` : event.type;
      this.#say(JSON.stringify(event, inHex), feature);
    }
    flush();
  }

  #deliver(stream: number, count: number): void {
    this.#pending.set(stream, this.pending(stream) + count);
    this.#delivered.set(stream, (this.#delivered.get(stream) ?? 0) + count);
  }

  #check(aligned: boolean): void {
    const { connection } = this;
    const most = this.#role === 'server' ? limits.maxStreams : 65_536;
    insist(connection.openStreams <= most, `${connection.openStreams} streams are open`);
    const due = connection.nextTimeout();
    insist((due === undefined) === (connection.state === 'closed'), 'there is a timeout until the end');
    if (connection.state === 'closed') {
      insist(connection.openStreams === 0 && !connection.canOpen, 'nothing is open after the end');
      return;
    }
    const pending = [...this.#pending.values()].reduce((sum, count) => sum + count, 0);
    insist(
      aligned ? connection.unconsumed === pending : connection.unconsumed >= pending,
      `${connection.unconsumed} bytes are unconsumed where ${pending} were delivered`,
    );
    for (const stream of streams) {
      const room = connection.sendable(stream);
      insist(Number.isSafeInteger(room) && room >= 0, `${room} bytes can be sent`);
    }
  }

  #judgeOutput(output: Uint8Array): void {
    const granted = new Map<number, number>();
    let over = false;
    for (const sent of read([output])) {
      insist(!over, `${sent.frame} follows the last word`);
      over = sent.frame === 'GOAWAY' && sent.code !== 0;
      if (sent.frame !== 'CREDIT') {
        this.log.push(JSON.stringify(sent, inHex));
        continue;
      }
      // Not in the log: what is dropped is granted again as it comes, in greater parts or smaller ones.
      insist(sent.limit > (granted.get(sent.stream) ?? 0), 'credit only grows');
      granted.set(sent.stream, sent.limit);
    }
    let total = 0;
    for (const [stream, count] of this.#delivered) {
      total += count;
      const limit = granted.get(stream) ?? limits.initialStreamWindow;
      const window = limit - (count - this.pending(stream));
      insist(window <= limits.maxStreamWindow, `stream ${stream} has a window of ${window} bytes`);
      insist(count <= limit, `${count} bytes came on stream ${stream} where ${limit} were granted`);
    }
    const limit = granted.get(0) ?? limits.initialConnectionWindow;
    insist(total <= limit, `${total} bytes came where ${limit} were granted`);
  }
}

function inHex(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? hex(value) : value;
}
