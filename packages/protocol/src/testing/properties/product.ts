import { expect } from 'vitest';
import type { Connection } from '../../connection.js';
import { LocalProtocolError } from '../../errors.js';
import {
  type ConnectionMachineEvent,
  type ConnectionState,
  connectionTable,
} from '../../machine/connection.js';
import { type OperationEvent, operationEvents } from '../../machine/events.js';
import {
  initialStates,
  type MachineName,
  type OperationState,
  operationTables,
  stepOperation,
} from '../../machine/operation.js';
import { step } from '../../machine/table.js';
import { PREFACE } from '../../wire/preface.js';
import { dataFrame, messageFrame } from '../frames.js';
import { Bench, faultOf, greasedHello, op } from '../peer.js';

type Side = 'client' | 'server';
const sides: readonly Side[] = ['client', 'server'];
const digest = new Uint8Array(32).fill(3);
const STREAM = 1;

const operationOf = { upload: 'upload', download: 'download', listing: 'list', call: 'stat' } as const;

/** One stream of a real connection, led from state to state by frames of its peer and calls of its owner. */
class Lane {
  readonly bench: Bench;
  readonly #machine: MachineName;
  readonly #side: Side;
  #dataLength = 0;

  constructor(side: Side, machine: MachineName, initial: OperationState) {
    this.bench = Bench.open(side, {
      limits: { initialStreamWindow: 8192 },
      hello: { streamWindow: 20_000 },
    });
    this.#machine = machine;
    this.#side = side;
    const operation = operationOf[machine];
    const offset = initial === 'resuming' ? 10 : undefined;
    if (side === 'client') this.bench.connection.open({ operation, offset });
    else this.bench.hearOpen(STREAM, op[operation], offset === undefined ? {} : { offset });
    this.bench.sent();
  }

  isOwn(event: OperationEvent): boolean {
    return event.startsWith(this.#side === 'client' ? 'I_' : 'R_');
  }

  /** The fault, when the peer may not. */
  hear(event: OperationEvent): string | undefined {
    const { bench } = this;
    switch (event) {
      case 'I_DATA':
      case 'R_DATA':
        this.#dataLength += 1;
        return faultOf(bench.feed(dataFrame(STREAM, Uint8Array.of(1))));
      case 'I_END':
      case 'R_END':
        return faultOf(bench.hear('END', STREAM, { length: this.#dataLength, digest }));
      case 'I_RESET':
      case 'R_RESET':
        return faultOf(bench.hear('RESET', STREAM, { code: 0x20, finalOffset: 0 }));
      case 'R_ACCEPT':
        return faultOf(bench.hear('ACCEPT', STREAM, { offset: 0, epoch: 0 }));
      case 'R_ACK':
        return faultOf(bench.hear('ACK', STREAM, { offset: 0 }));
      case 'R_ENTRY':
        return faultOf(bench.hear('ENTRY', STREAM, { entries: [] }));
      case 'R_SUCCESS':
        return faultOf(bench.hear('RESULT', STREAM, { status: 0, effect: 'none' }));
      case 'R_FAILURE':
        return faultOf(bench.hear('RESULT', STREAM, { status: 0x31, effect: 'none' }));
    }
  }

  /** Whether this end was let. */
  do(event: OperationEvent): boolean {
    const { connection } = this.bench;
    const before = this.#signature();
    try {
      this.#call(connection, event);
    } catch (error) {
      expect(error).toBeInstanceOf(LocalProtocolError);
      // Misuse is told, and changes nothing.
      expect(this.#signature()).toEqual(before);
      expect(this.bench.sent()).toEqual([]);
      return false;
    }
    // `reset` is silent where there is nothing to give up.
    return this.bench.sent().length > 0;
  }

  #call(connection: Connection, event: OperationEvent): void {
    switch (event) {
      case 'I_DATA':
      case 'R_DATA':
        connection.write(STREAM, Uint8Array.of(1));
        this.#dataLength += 1;
        return;
      case 'I_END':
      case 'R_END':
        return connection.end(STREAM, this.#dataLength, digest);
      case 'I_RESET':
      case 'R_RESET':
        return connection.reset(STREAM, 'CANCELLED');
      case 'R_ACCEPT':
        return connection.accept(STREAM, { offset: 0 });
      case 'R_ACK':
        return connection.acknowledge(STREAM, 0);
      case 'R_ENTRY':
        return connection.writeEntries(STREAM, []);
      case 'R_SUCCESS':
        return connection.result(STREAM, { status: 'OK', effect: 'none', retry: false });
      case 'R_FAILURE':
        return connection.result(STREAM, { status: 'BUSY', effect: 'none', retry: false });
    }
  }

  #signature(): OperationEvent[] {
    return operationEvents.filter((event) => this.bench.connection.allows(STREAM, event));
  }

  /** What the connection lets happen on the stream must be what the table lets happen in this state. */
  expectState(state: OperationState): void {
    expect(this.#signature()).toEqual(
      operationEvents.filter((event) => stepOperation(this.#machine, state, event) !== undefined),
    );
    expect(this.bench.connection.isOpen(STREAM)).toBe(state !== 'closed');
  }

  /** What follows on this end: an initiator that was refused says at once that it stopped. */
  reached(state: OperationState): OperationState {
    return this.#side === 'client' && state === 'settled' ? 'closed' : state;
  }
}

/** The shortest way to every state, as the end under test can see it. */
function ways(
  machine: MachineName,
  initial: OperationState,
  side: Side,
): Map<OperationState, OperationEvent[]> {
  const found = new Map<OperationState, OperationEvent[]>([[initial, []]]);
  for (const [state, way] of found) {
    for (const event of operationEvents) {
      const next = stepOperation(machine, state, event);
      if (next === undefined) continue;
      const seen = side === 'client' && next === 'settled' ? 'closed' : next;
      if (!found.has(seen)) found.set(seen, [...way, event]);
    }
  }
  return found;
}

interface Case {
  readonly side: Side;
  readonly machine: MachineName;
  readonly initial: OperationState;
  readonly state: OperationState;
  readonly way: readonly OperationEvent[];
}

function* cases(): Generator<Case> {
  for (const side of sides)
    for (const machine of Object.keys(operationTables) as MachineName[])
      for (const initial of initialStates[machine])
        for (const [state, way] of ways(machine, initial, side)) yield { side, machine, initial, state, way };
}

function lead({ side, machine, initial, state, way }: Case): Lane {
  const lane = new Lane(side, machine, initial);
  for (const event of way) {
    if (lane.isOwn(event)) expect(lane.do(event)).toBe(true);
    else expect(lane.hear(event)).toBeUndefined();
    lane.bench.sent();
  }
  lane.expectState(state);
  return lane;
}

/** In these states a sender of the file stays silent, though what is under way from before may still come. */
const silent: readonly OperationState[] = ['settled', 'cancelled', 'withdrawn'];

/** How a connection gets into each state, for the end under test. */
const prologue: Record<Side, Partial<Record<ConnectionState, () => Bench>>> = {
  client: {
    greeted: () => new Bench({ role: 'client' }),
    negotiated: () => {
      const bench = new Bench({ role: 'client' });
      bench.feed(PREFACE, messageFrame('HELLO', 0, greasedHello));
      return bench;
    },
    authenticating: () => {
      const bench = prologue.client.negotiated?.() as Bench;
      bench.connection.authenticate('ANONYMOUS');
      return bench;
    },
    open: () => Bench.open('client'),
    draining: () => {
      const bench = Bench.open('client');
      bench.connection.open({ operation: 'stat' });
      bench.connection.shutdown();
      return bench;
    },
  },
  server: {
    idle: () => new Bench({ role: 'server' }),
    negotiated: () => {
      const bench = new Bench({ role: 'server' });
      bench.feed(PREFACE, messageFrame('HELLO', 0, greasedHello));
      return bench;
    },
    authenticating: () => {
      const bench = prologue.server.negotiated?.() as Bench;
      bench.hear('AUTH', 0, { mechanism: 'ANONYMOUS' });
      return bench;
    },
    open: () => Bench.open('server'),
    draining: () => {
      const bench = Bench.open('server');
      bench.hearOpen(STREAM, op.stat);
      bench.connection.shutdown();
      return bench;
    },
  },
};

/** What a peer can say to a connection as a whole, and what event that is. */
const words: Record<Side, readonly (readonly [ConnectionMachineEvent | undefined, () => Uint8Array])[]> = {
  // To a client.
  client: [
    ['S_HELLO', () => messageFrame('HELLO', 0, greasedHello)],
    ['S_AUTH_CONTINUE', () => messageFrame('AUTH', 0, { step: 'continue' })],
    ['S_AUTH_SUCCESS', () => messageFrame('AUTH', 0, { step: 'success' })],
    ['S_TRAFFIC', () => messageFrame('PING', 0, { token: 1 })],
    ['S_TRAFFIC', () => messageFrame('CREDIT', 0, { limit: 1 })],
    ['S_GOAWAY', () => messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 })],
    ['S_ABORT', () => messageFrame('GOAWAY', 0, { code: 5, lastStream: 0 })],
    [undefined, () => messageFrame('OPEN', 9, { operation: 4, operationId: new Uint8Array(16) })],
  ],
  // To a server.
  server: [
    ['C_HELLO', () => messageFrame('HELLO', 0, greasedHello)],
    ['C_AUTH', () => messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' })],
    ['C_OPEN', () => messageFrame('OPEN', 9, { operation: 4, operationId: new Uint8Array(16) })],
    ['C_TRAFFIC', () => messageFrame('PING', 0, { token: 1 })],
    ['C_TRAFFIC', () => messageFrame('CREDIT', 0, { limit: 1 })],
    ['C_GOAWAY', () => messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 })],
    ['C_ABORT', () => messageFrame('GOAWAY', 0, { code: 5, lastStream: 0 })],
    [undefined, () => messageFrame('ACCEPT', 1, { offset: 0, epoch: 0 })],
    [undefined, () => messageFrame('RESULT', 1, { status: 0, effect: 'none' })],
  ],
};

/** Not drawn but counted: every state with every event, on a connection that was really led there. */
export const productProperties = {
  'a stream takes from its peer what its table lists, and nothing else'() {
    let judged = 0;
    for (const each of cases()) {
      for (const event of operationEvents) {
        const lane = lead(each);
        if (lane.isOwn(event)) continue;
        const next = stepOperation(each.machine, each.state, event);
        const late = each.state === 'closed' && event.endsWith('_RESET');
        const fault = lane.hear(event);
        judged += 1;
        const what = `${each.side} ${each.machine} ${each.state} ${event}`;
        expect(fault, what).toBe(next === undefined && !late ? 'STATE_VIOLATION' : undefined);
        if (next !== undefined) lane.expectState(lane.reached(next));
        else expect(lane.bench.connection.state, what).toBe(late ? 'open' : 'closed');
      }
    }
    expect(judged).toBeGreaterThan(200);
  },

  'a stream lets its owner do what its table lists, and nothing else'() {
    let judged = 0;
    for (const each of cases()) {
      for (const event of operationEvents) {
        const lane = lead(each);
        if (!lane.isOwn(event)) continue;
        const next = stepOperation(each.machine, each.state, event);
        // What a sender that was cancelled still has under way, it has not still to send.
        if (next !== undefined && silent.includes(each.state) && /_(DATA|ENTRY)$/.test(event)) continue;
        judged += 1;
        expect(lane.do(event), `${each.side} ${each.machine} ${each.state} ${event}`).toBe(
          next !== undefined,
        );
        if (next !== undefined) lane.expectState(next);
      }
    }
    expect(judged).toBeGreaterThan(100);
  },

  'a connection takes from its peer what its table lists, and nothing else'() {
    let judged = 0;
    for (const side of sides) {
      for (const [state, make] of Object.entries(prologue[side])) {
        for (const [event, word] of words[side]) {
          const bench = make();
          expect(bench.connection.state).toBe(state);
          bench.sent();
          const graceful = event?.endsWith('_GOAWAY') === true && !['open', 'draining'].includes(state);
          const heard = graceful ? (`${event?.slice(0, 1)}_ABORT` as ConnectionMachineEvent) : event;
          const next =
            heard === undefined ? undefined : step(connectionTable, state as ConnectionState, heard);
          const fault = faultOf(
            state === 'idle' || state === 'greeted' ? bench.feed(PREFACE, word()) : bench.feed(word()),
          );
          judged += 1;
          const what = `${side} ${state} ${event ?? 'a frame of the other role'}`;
          expect(fault, what).toBe(next === undefined ? 'STATE_VIOLATION' : undefined);
          // A server answers HELLO at once, so it is never seen in between.
          const seen = side === 'server' && next === 'greeted' ? 'negotiated' : next;
          expect(bench.connection.state, what).toBe(seen ?? 'closed');
        }
      }
    }
    expect(judged).toBe(5 * (words.client.length + words.server.length));
  },

  'closed is the end: nothing is heard, nothing can be done, nothing is said'() {
    for (const side of sides) {
      for (const [, word] of words[side]) {
        const bench = Bench.open(side);
        bench.connection.abort('INTERNAL');
        bench.connection.takeOutput();
        expect(bench.feed(word())).toEqual([]);
        expect(bench.pass(10_000_000)).toEqual([]);
        expect(() => bench.connection.ping()).toThrow(LocalProtocolError);
        expect(() => bench.connection.open({ operation: 'stat' })).toThrow(LocalProtocolError);
        expect(bench.connection.state).toBe('closed');
        expect(bench.connection.outputSize).toBe(0);
      }
    }
  },
};
