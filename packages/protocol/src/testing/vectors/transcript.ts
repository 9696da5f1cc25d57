import type { Code } from '../../codes.js';
import { Connection, type ConnectionEvent } from '../../connection.js';
import { operationEvents } from '../../machine/events.js';
import { type MachineName, machineOf, operationTables } from '../../machine/operation.js';
import type { Entry, Operation } from '../../vocabulary.js';
import { frameTypes } from '../../wire/frame.js';
import { PREFACE } from '../../wire/preface.js';
import { clobber, concat, hex } from '../bytes.js';
import { rawField, rawFrame, splitFields, splitFrames } from '../frames.js';
import {
  type Beginning,
  type Bytes,
  bytesOf,
  digitsOf,
  type Named,
  type Step,
  type TranscriptVector,
} from './files.js';
import { toNotation } from './notation.js';
import { inPieces, splitAt } from './splits.js';

const allMachines = Object.keys(operationTables) as MachineName[];

type Preludes = Readonly<Record<string, Beginning>>;

/** The end that plays the reader, and the steps: those of the beginning, and the vector's own. */
export function beginningOf(vector: TranscriptVector, preludes: Preludes): Beginning {
  if (vector.after === undefined) return { ...(vector as Beginning), steps: [] };
  const prelude = preludes[vector.after];
  if (prelude === undefined) throw new Error(`there is no prelude "${vector.after}"`);
  return prelude;
}

const inputs = new WeakMap<Step, Uint8Array>();

/** The bytes of a step: they are written out once, and played many times. */
function inputOf(step: Step): Uint8Array {
  const bytes = inputs.get(step) ?? bytesOf(step.receive as Bytes);
  inputs.set(step, bytes);
  return bytes;
}

/** How the bytes of a step are cut: in two, or in pieces of a size. */
export type Cut = { readonly step: number; readonly at: number } | { readonly pieces: number };

/** The first step that is cut. */
export function firstCut(cut: Cut | undefined): number {
  return cut !== undefined && 'step' in cut ? cut.step : 0;
}

function cutOf(cut: Cut | undefined, step: number, bytes: Uint8Array): Uint8Array[] {
  if (cut === undefined) return [bytes.slice()];
  if ('pieces' in cut) return inPieces(bytes, cut.pieces);
  return cut.step === step ? splitAt(bytes, cut.at) : [bytes.slice()];
}

/** What a vector says of its steps, in the form in which `run` says what has happened. */
export function expectedOf(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    JSON.stringify({
      events: (step.events ?? []).map((event) =>
        toNotation(
          event['bytes'] === undefined ? event : { ...event, bytes: digitsOf(event['bytes'] as Bytes) },
        ),
      ),
      send: digitsOf(step.send ?? ''),
      maySend: step.maySend,
      granted: step.granted === undefined ? undefined : true,
      grantedAtMost: step.grantedAtMost === undefined ? undefined : true,
      state: step.state,
      streams: step.streams ?? {},
    }),
  );
}

/**
 * Plays a vector with the connection as its reader; what has happened, step by step, without the beginning, and from the
 * step on that is cut: what comes before it is the same as when nothing is.
 */
export function run(beginning: Beginning, steps: readonly Step[], cut?: Cut): string[] {
  const reader = new Reader(beginning);
  for (const step of beginning.steps) reader.take(step, undefined, -1);
  const from = firstCut(cut);
  return steps.flatMap((step, i) => {
    reader.take(step, cut, i);
    return i < from ? [] : [reader.look(step)];
  });
}

class Reader {
  readonly #connection: Connection;
  readonly #limits = new Map<number, number>();
  readonly #machines = new Map<number, MachineName>();
  readonly #window: number;
  #now = 0;
  /** Put together from the pieces of one step. */
  #events: Record<string, unknown>[] = [];
  #sent: Uint8Array[] = [];
  #send = '';

  constructor({ reader, offer }: Beginning) {
    this.#window = offer.streamWindow;
    this.#limits.set(0, offer.connectionWindow);
    this.#connection = new Connection({
      role: reader,
      now: 0,
      random: () => bytesOf(offer.nonce),
      limits: {
        maxDataPayload: offer.maxDataPayload,
        maxStreams: offer.maxStreams,
        initialStreamWindow: offer.streamWindow,
        initialConnectionWindow: offer.connectionWindow,
      },
      digests: offer.digests,
      capabilities: offer.capabilities,
      mechanisms: offer.mechanisms,
    });
  }

  /** Plays one step. */
  take(step: Step, cut: Cut | undefined, index: number): void {
    const connection = this.#connection;
    this.#events = [];
    this.#sent = [];
    if (step.receive !== undefined) {
      for (const piece of cutOf(cut, index, inputOf(step))) {
        connection.receive(piece, this.#now);
        this.#listen();
        if (step.hold !== true) this.#sent.push(...connection.takeOutput());
        clobber(piece);
      }
    } else if (step.do !== undefined) {
      act(connection, step.do);
      const { action, stream, operation } = step.do;
      if (action === 'open') this.#machines.set(stream as number, machineOf[operation as Operation]);
    } else {
      this.#now += step.wait as number;
      connection.handleTimeout(this.#now);
    }
    this.#listen();
    this.#sent.push(...connection.takeOutput());
    this.#send = this.#sent.length === 0 ? '' : this.#frames(concat(this.#sent));
  }

  /** What has come of the step. */
  look(step: Step): string {
    const connection = this.#connection;
    const limitOf = (stream: string): number => this.#limits.get(Number(stream)) ?? this.#window;
    return JSON.stringify({
      events: this.#events.map(toNotation),
      send: this.#send,
      maySend:
        step.maySend &&
        Object.fromEntries(Object.keys(step.maySend).map((id) => [id, connection.sendable(Number(id))])),
      granted: step.granted && Object.entries(step.granted).every(([id, least]) => limitOf(id) >= least),
      grantedAtMost:
        step.grantedAtMost && Object.entries(step.grantedAtMost).every(([id, most]) => limitOf(id) <= most),
      state: connection.state,
      streams: this.#streams(step.streams ?? {}),
    });
  }

  /** Takes the events; pieces of the same file are put together. */
  #listen(): void {
    for (const event of this.#connection.events()) {
      const told = notationOf(event, this.#connection.role);
      if (told === undefined) continue;
      if (event.type === 'open') this.#machines.set(event.stream, machineOf[event.request.operation]);
      const last = this.#events.at(-1);
      if (told['event'] === 'data' && last?.['event'] === 'data' && last['stream'] === told['stream']) {
        last['bytes'] = `${last['bytes'] as string}${told['bytes'] as string}`;
      } else {
        this.#events.push(told);
      }
    }
  }

  /** What was sent, without CREDIT, which is counted, and without odd fields, which a peer may miss. */
  #frames(bytes: Uint8Array): string {
    const prefaced = bytes.length >= PREFACE.length && PREFACE.every((byte, i) => bytes[i] === byte);
    let digits = prefaced ? hex(PREFACE) : '';
    for (const { type, stream, payload } of splitFrames(prefaced ? bytes.subarray(PREFACE.length) : bytes)) {
      if (type === frameTypes.CREDIT) {
        const [field] = splitFields(payload);
        const limit = Number(new DataView((field as { value: Uint8Array }).value.buffer).getBigUint64(0));
        this.#limits.set(stream, Math.max(limit, this.#limits.get(stream) ?? 0));
        continue;
      }
      const kept =
        type === frameTypes.DATA
          ? payload
          : concat(
              splitFields(payload)
                .filter(({ tag }) => tag % 2 === 0)
                .map(({ tag, value }) => rawField(tag, value)),
            );
      digits += hex(rawFrame(type, stream, kept));
    }
    return digits;
  }

  /**
   * The states of the streams, as far as they can be seen: what may happen on each is what its table says of the state
   * that the vector names. Another number of streams than the vector says is told as such.
   */
  #streams(expected: Readonly<Record<string, string>>): Record<string, string> {
    const seen: Record<string, string> = {};
    for (const [id, state] of Object.entries(expected)) {
      const stream = Number(id);
      const may = operationEvents.filter((event) => this.#connection.allows(stream, event)).join();
      // What was refused at once is told by no event: then any machine may be the one.
      const machine = this.#machines.get(stream);
      const fits = (machine === undefined ? allMachines : [machine]).some(
        (name) =>
          may ===
          operationEvents.filter((event) => operationTables[name][state]?.[event] !== undefined).join(),
      );
      seen[id] = this.#connection.isOpen(stream) && fits ? state : `not ${state}`;
    }
    const more = this.#connection.openStreams - Object.keys(expected).length;
    return more === 0 ? seen : { ...seen, more: String(more) };
  }
}

/** An event as a vector writes it; undefined for one that vectors do not tell of. */
function notationOf(event: ConnectionEvent, role: 'client' | 'server'): Record<string, unknown> | undefined {
  const { type, ...rest } = event;
  switch (event.type) {
    case 'writable':
      return undefined;
    case 'negotiated': {
      const { algorithm, capabilities, mechanisms, agent } = event;
      return { event: type, algorithm, capabilities, agent, ...(role === 'client' ? { mechanisms } : {}) };
    }
    case 'open':
      return { event: type, stream: event.stream, ...event.request };
    case 'accept':
      return { event: type, stream: event.stream, ...event.accept };
    case 'result':
      return { event: type, stream: event.stream, ...event.result };
    case 'data':
      return { event: type, stream: event.stream, bytes: hex(event.bytes) };
    case 'ready':
      // The data of *success* is the mechanism's affair: the notation was frozen without it.
      return { event: type, principal: event.principal };
    case 'fault':
      return { event: type, code: event.code };
    default:
      return { event: type, ...rest };
  }
}

/** Does what the program above the reader does. */
function act(connection: Connection, { action, ...rest }: Named<'action'>): void {
  const of = <T>(key: string): T => rest[key] as T;
  const bytes = (key: string): Uint8Array | undefined =>
    rest[key] === undefined ? undefined : bytesOf(of<Bytes>(key));
  const stream = of<number>('stream');
  switch (action) {
    case 'connect':
      return;
    case 'authenticate':
      return connection.authenticate(of('mechanism'), bytes('data'));
    case 'challenge':
      return connection.challenge(bytes('data') as Uint8Array);
    case 'authenticated':
      return connection.authenticated(of('principal'));
    case 'open': {
      const { stream: _, ...request } = rest;
      const opened = connection.open({
        ...(request as Record<string, never>),
        operation: of<Operation>('operation'),
        operationId: bytes('operationId'),
        prefix: bytes('prefix'),
      });
      if (opened !== stream) throw new Error(`stream ${opened}, not ${stream}`);
      return;
    }
    case 'accept': {
      const { stream: _, ...accept } = rest;
      return connection.accept(stream, {
        ...(accept as Record<string, never>),
        offset: of<number>('offset'),
        prefix: bytes('prefix'),
      });
    }
    case 'write':
      return connection.write(stream, bytes('bytes') as Uint8Array);
    case 'end':
      return connection.end(stream, of('length'), bytes('digest') as Uint8Array);
    case 'acknowledge':
      return connection.acknowledge(stream, of('offset'));
    case 'entries':
      return connection.writeEntries(stream, of<Entry[]>('entries'));
    case 'result': {
      const { stream: _, ...result } = rest;
      const odd = { receipt: bytes('receipt'), digest: bytes('digest') };
      return connection.result(stream, { ...result, ...odd } as never);
    }
    case 'reset':
      return connection.reset(stream, of<Code>('code'));
    case 'consume':
      return connection.consume(stream, of('count'));
    case 'ping':
      if (connection.ping() !== of<number>('token')) throw new Error('another token');
      return;
    case 'shutdown':
      return connection.shutdown();
    case 'abort':
      return connection.abort(of<Code>('code'));
    default:
      throw new Error(`there is no action "${action}"`);
  }
}
