import { type FrameName, frameName, frameTypes, HEADER_SIZE } from '../wire/frame.js';
import { decodeMessage, type Messages } from '../wire/messages.js';
import { PREFACE } from '../wire/preface.js';
import { concat } from './bytes.js';

type Side = 'client' | 'server';

/** What one direction may send and has sent. */
interface Ledger {
  sent: number;
  granted: number;
}

/**
 * Stands between two ends and judges what they say by the rules, from the bytes alone and with nothing of their code
 * but the message decoder. It sees everything at the moment it is sent.
 */
export class Observer {
  readonly #rest: Record<Side, Uint8Array> = { client: new Uint8Array(0), server: new Uint8Array(0) };
  readonly #begun: Record<Side, boolean> = { client: false, server: false };
  readonly #over: Record<Side, boolean> = { client: false, server: false };
  readonly #hello: Partial<Record<Side, Messages['HELLO']>> = {};
  readonly #connection: Record<Side, Ledger> = {
    client: { sent: 0, granted: 0 },
    server: { sent: 0, granted: 0 },
  };
  readonly #streams = new Map<string, Ledger>();
  readonly #opened = new Set<number>();
  /** Streams on which this side has said that no more of the file comes. */
  readonly #ended = new Set<string>();
  #lastStream = -1;

  /** Whether what `side` has sent ends with a whole frame. */
  atBoundary(side: Side): boolean {
    return this.#begun[side] && this.#rest[side].length === 0;
  }

  /** Credit that `side` has left on the connection. */
  available(side: Side): number {
    return this.#connection[side].granted - this.#connection[side].sent;
  }

  /** What `side` sends next. Throws at the first thing that is against the rules. */
  see(side: Side, bytes: Uint8Array): void {
    let rest = concat([this.#rest[side], bytes]);
    if (!this.#begun[side] && rest.length >= PREFACE.length) {
      check(
        PREFACE.every((byte, i) => rest[i] === byte),
        'the preface comes first',
      );
      rest = rest.subarray(PREFACE.length);
      this.#begun[side] = true;
    }
    while (this.#begun[side] && rest.length >= HEADER_SIZE) {
      const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
      const end = HEADER_SIZE + view.getUint32(0);
      if (rest.length < end) break;
      check(view.getUint8(5) === 0, 'flags are zero');
      this.#frame(side, view.getUint8(4), view.getUint32(6), rest.subarray(HEADER_SIZE, end));
      rest = rest.subarray(end);
    }
    this.#rest[side] = rest.slice();
  }

  #frame(side: Side, type: number, stream: number, payload: Uint8Array): void {
    const other = side === 'client' ? 'server' : 'client';
    const name = frameName(type) as FrameName;
    check(name !== undefined, `type ${type} is known`);
    check(!this.#over[side], `nothing follows the last GOAWAY, but ${name} did`);
    if (type === frameTypes.DATA) {
      check(payload.length > 0, 'DATA has bytes');
      check(
        payload.length <= (this.#hello[other]?.maxDataPayload ?? 0),
        'DATA is as short as the peer wants',
      );
      this.#spend(side, stream, payload.length);
      return;
    }
    const { message, fault } = decodeMessage(name as keyof Messages, payload);
    check(fault === undefined, `${name} can be read: ${fault}`);
    switch (name) {
      case 'HELLO': {
        const hello = message as Messages['HELLO'];
        this.#hello[side] = hello;
        this.#connection[other].granted = hello.connectionWindow;
        break;
      }
      case 'OPEN':
        check(side === 'client', 'a client opens');
        check(stream % 2 === 1 && stream > this.#lastStream, 'stream ids are odd and go up');
        this.#lastStream = stream;
        this.#opened.add(stream);
        for (const each of ['client', 'server'] as const) {
          const window = this.#hello[each === 'client' ? 'server' : 'client']?.streamWindow ?? 0;
          this.#streams.set(`${each} ${stream}`, { sent: 0, granted: window });
        }
        break;
      case 'ENTRY':
        this.#spend(side, stream, payload.length);
        break;
      case 'CREDIT': {
        const ledger = stream === 0 ? this.#connection[other] : this.#streams.get(`${other} ${stream}`);
        const { limit } = message as Messages['CREDIT'];
        check(ledger !== undefined && limit > ledger.granted, 'credit only grows');
        if (ledger !== undefined) ledger.granted = limit;
        break;
      }
      case 'END':
      case 'RESET':
      case 'RESULT':
        check(this.#opened.has(stream), `${name} is of a stream`);
        this.#ended.add(`${side} ${stream}`);
        break;
      case 'ACCEPT':
      case 'ACK':
        check(this.#opened.has(stream), `${name} is of a stream`);
        check(side === 'server', `a server sends ${name}`);
        break;
      case 'GOAWAY':
        this.#over[side] = (message as Messages['GOAWAY']).code !== 0;
        break;
      default:
        check(stream === 0, `${name} is of the connection`);
    }
  }

  #spend(side: Side, stream: number, count: number): void {
    const ledger = this.#streams.get(`${side} ${stream}`);
    check(ledger !== undefined, 'bytes are of a stream');
    check(!this.#ended.has(`${side} ${stream}`), 'no bytes follow END, RESET or RESULT');
    for (const each of [this.#connection[side], ledger as Ledger]) {
      each.sent += count;
      check(each.sent <= each.granted, `${each.sent} bytes are within the ${each.granted} that were granted`);
    }
  }
}

function check(holds: boolean, rule: string): void {
  if (!holds) throw new Error(`observed against the rule: ${rule}`);
}
