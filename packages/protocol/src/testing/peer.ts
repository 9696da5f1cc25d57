import { Connection, type ConnectionEvent, type ConnectionOptions } from '../connection.js';
import type { Limits } from '../limits.js';
import { frameName, frameTypes } from '../wire/frame.js';
import { decodeMessage, type Messages } from '../wire/messages.js';
import { PREFACE } from '../wire/preface.js';
import { concat } from './bytes.js';
import { dataFrame, messageFrame, splitFrames } from './frames.js';

/** What a test reads of the other end's output. */
export type Sent =
  | {
      [N in keyof Messages]: { readonly frame: N; readonly stream: number } & Messages[N];
    }[keyof Messages]
  | { readonly frame: 'DATA'; readonly stream: number; readonly bytes: Uint8Array };

/** HELLO as a small foreign implementation might send it, with entries from a future that this end does not know. */
export const greasedHello: Messages['HELLO'] = {
  versions: [0x7a7a, 1, 0x1a1a],
  capabilities: [0xdada],
  digests: [0x3a3a, 1, 99],
  maxDataPayload: 65_536,
  maxStreams: 4,
  streamWindow: 10_000,
  connectionWindow: 20_000,
  nonce: new Uint8Array(32).fill(7),
};

/** Frames out of the output of a connection; its preface, if it is there, is taken off. */
export function read(output: readonly Uint8Array[]): Sent[] {
  let wire = concat(output);
  if (PREFACE.every((byte, i) => wire[i] === byte)) wire = wire.subarray(PREFACE.length);
  return splitFrames(wire).map(({ type, stream, payload }) => {
    if (type === frameTypes.DATA) return { frame: 'DATA', stream, bytes: payload };
    const frame = frameName(type) as keyof Messages;
    const { message, fault } = decodeMessage(frame, payload);
    if (fault !== undefined) throw new Error(`this end wrote what it could not read: ${fault}`);
    return { frame, stream, ...message } as unknown as Sent;
  });
}

/** One connection under test, its peer written by hand frame by frame. */
export class Bench {
  readonly connection: Connection;
  now = 1000;

  constructor(options: Partial<ConnectionOptions> & { readonly role: 'client' | 'server' }) {
    this.connection = new Connection({
      now: this.now,
      random: (size) => new Uint8Array(size).fill(9),
      ...options,
    });
  }

  /** A connection that is open, with nothing left to read or send. */
  static open(
    role: 'client' | 'server',
    options: {
      limits?: Partial<Limits>;
      hello?: Partial<Messages['HELLO']>;
    } & Partial<ConnectionOptions> = {},
  ): Bench {
    const { hello, ...rest } = options;
    const bench = new Bench({ ...rest, role });
    const { connection } = bench;
    bench.feed(PREFACE, messageFrame('HELLO', 0, { ...greasedHello, ...hello }));
    if (role === 'client') {
      connection.authenticate('ANONYMOUS');
      bench.feed(messageFrame('AUTH', 0, { step: 'success', principal: 'anonymous' }));
    } else {
      bench.feed(messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
      connection.authenticated('anonymous');
    }
    connection.events();
    connection.takeOutput();
    return bench;
  }

  /** Gives the connection what its peer sends; returns the events. */
  feed(...parts: readonly Uint8Array[]): ConnectionEvent[] {
    this.connection.receive(concat(parts), this.now);
    return this.connection.events();
  }

  /** One message from the peer. */
  hear<N extends keyof Messages>(name: N, stream: number, message: Messages[N]): ConnectionEvent[] {
    return this.feed(messageFrame(name, stream, message));
  }

  /** Bytes of a file from the peer. */
  hearData(stream: number, bytes: Uint8Array | number): ConnectionEvent[] {
    return this.feed(dataFrame(stream, typeof bytes === 'number' ? new Uint8Array(bytes) : bytes));
  }

  /** Server under test: the peer opens a stream. */
  hearOpen(stream: number, operation: number, more: Partial<Messages['OPEN']> = {}): ConnectionEvent[] {
    return this.hear('OPEN', stream, { operation, operationId: new Uint8Array(16), path: 'a', ...more });
  }

  /** What the connection has to send. */
  sent(): Sent[] {
    return read(this.connection.takeOutput());
  }

  /** Lets time pass to the next timeout; returns the events. */
  pass(milliseconds: number): ConnectionEvent[] {
    this.now += milliseconds;
    this.connection.handleTimeout(this.now);
    return this.connection.events();
  }
}

/** The code of the fault among these events, if there is one. */
export function faultOf(events: readonly ConnectionEvent[]): string | undefined {
  return events.find((event) => event.type === 'fault')?.code;
}

/** Numbers of the operations. */
export const op = {
  upload: 1,
  download: 2,
  list: 3,
  stat: 4,
  makeDirectory: 5,
  rename: 6,
  remove: 7,
  digest: 9,
} as const;
