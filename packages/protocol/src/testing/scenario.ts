import fc from 'fast-check';
import type { Code } from '../codes.js';
import type { Limits } from '../limits.js';
import type { Entry } from '../vocabulary.js';
import { encodeMessage } from '../wire/messages.js';
import { hex } from './bytes.js';
import { type Heard, Pair, type Side, sides } from './pair.js';
import { Random } from './random.js';

/** What a responder says last. */
type LastWord = 'success' | 'failure' | 'reset';

/** One operation: what the client wants of it and what the server does with it. */
export interface Plan {
  readonly operation: 'upload' | 'download' | 'list' | 'stat';
  /** Bytes, or entries. */
  readonly size: number;
  /** The client gives up when so many per cent were sent or have arrived; beyond 100: after END. */
  readonly cancelAt: number | undefined;
  /** The client waits for ACCEPT before it sends. */
  readonly patient: boolean;
  /** The server says ACCEPT to an upload. */
  readonly accepts: boolean;
  /** The server refuses when so many per cent have arrived or were sent. */
  readonly refuseAt: number | undefined;
  readonly lastWord: LastWord;
}

export interface Scenario {
  readonly seed: number;
  readonly plans: readonly Plan[];
  /** Which end shuts down, after so many rounds. */
  readonly shutdown: { readonly side: Side; readonly round: number } | undefined;
  readonly limits: Record<Side, Partial<Limits>>;
}

const windows = fc.record({
  initialStreamWindow: fc.integer({ min: 8192, max: 20_000 }),
  maxStreamWindow: fc.integer({ min: 8192, max: 40_000 }),
  initialConnectionWindow: fc.integer({ min: 8192, max: 20_000 }),
  maxConnectionWindow: fc.integer({ min: 8192, max: 80_000 }),
  maxDataPayload: fc.integer({ min: 4096, max: 9000 }),
  maxStreams: fc.integer({ min: 1, max: 5 }),
  keepaliveInterval: fc.integer({ min: 50, max: 500 }),
  // What is under way in these tests may stay there for long; only a connection that is dead should end.
  keepaliveTimeout: fc.constant(100_000),
  handshakeTimeout: fc.constant(100_000),
});

const rarely = (max: number) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat({ max }) });

const plan: fc.Arbitrary<Plan> = fc
  .record({
    operation: fc.constantFrom('upload', 'download', 'list', 'stat'),
    size: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 30_000 })),
    cancelAt: rarely(130),
    patient: fc.boolean(),
    accepts: fc.boolean(),
    refuseAt: rarely(100),
    lastWord: fc.oneof(
      { weight: 4, arbitrary: fc.constant('success' as const) },
      { weight: 1, arbitrary: fc.constantFrom('failure' as const, 'reset' as const) },
    ),
  })
  .map((each) => ({
    ...(each as Plan),
    size: each.operation === 'list' ? each.size % 300 : each.size,
    // Who waits for what never comes waits for ever; the server of such a client always accepts.
    accepts: each.accepts || each.patient,
  }));

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  plans: fc.array(plan, { minLength: 1, maxLength: 8 }),
  shutdown: fc.option(fc.record({ side: fc.constantFrom(...sides), round: fc.nat({ max: 60 }) }), {
    nil: undefined,
    freq: 2,
  }),
  limits: fc.record({ client: windows, server: windows }),
});

/** What one end knows of an operation in the end. */
export interface View {
  readonly plan: Plan;
  readonly index: number;
  /** What was sent or came of the file, in hexadecimal, or of the listing. */
  content: string[];
  /** The answer that was given or heard. */
  answer: Code | 'reset' | undefined;
  ended: boolean;
  gaveUp: boolean;
  accepted: boolean;
  /** Upload: the last ACK. */
  acknowledged: number;
  at: number;
  digest: Uint8Array | undefined;
}

const fileOf = (index: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_byte, i) => (i * 7 + index * 31 + (i >> 8)) & 0xff);
const digestOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1);
const entryOf = (i: number): Entry => ({
  path: `folder ${i % 7}/${'name'.repeat(i % 30)}${i}`,
  kind: i % 3 === 0 ? 'directory' : 'file',
  size: i * 1000,
  mtime: -i,
  executable: i % 2 === 0,
  ...(i % 3 === 0 ? {} : { etag: `v${i}` }),
});

/** An entry in a form that can be compared. */
const written = (entry: Entry): string => hex(encodeMessage('ENTRY', { entries: [entry] }));

const received = (view: View): number =>
  view.plan.operation === 'list' ? view.content.length : view.content.join('').length / 2;

/** How much of it was sent, or has arrived. */
function percent(view: View, sends: boolean): number {
  return view.plan.size === 0 ? 100 : ((sends ? view.at : received(view)) / view.plan.size) * 100;
}

/** More than any scenario of this size needs: who is not done by then is stuck. */
const ROUNDS = 6000;

/** Runs a scenario to its end on two connections back to back. */
export class Run {
  readonly pair: Pair;
  readonly views: Record<Side, Map<number, View>> = { client: new Map(), server: new Map() };
  readonly heard: Record<Side, Heard[]> = { client: [], server: [] };
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #todo: [index: number, plan: Plan][];
  #down = false;

  constructor(each: Scenario) {
    this.#scenario = each;
    this.#random = new Random(each.seed);
    this.#todo = [...each.plans.entries()];
    this.pair = new Pair({
      random: this.#random,
      limits: each.limits,
      onEvent: (side, event) => this.#hear(side, event),
      onBytes: (side, stream, bytes) => this.views[side].get(stream)?.content.push(hex(bytes)),
    });
  }

  /** @returns rounds needed; undefined when it did not come to an end within `most`. */
  go(most: number = ROUNDS): number | undefined {
    const { pair } = this;
    for (let round = 0; round < most; round += 1) {
      const { shutdown } = this.#scenario;
      if (
        shutdown !== undefined &&
        round >= shutdown.round &&
        !this.#down &&
        pair.ends[shutdown.side].state === 'open'
      ) {
        this.#down = true;
        pair.ends[shutdown.side].shutdown();
        pair.drain(shutdown.side);
      }
      const steps = [
        () => pair.pass(),
        () => this.#ping(),
        () => this.#open(),
        () => this.#client(),
        () => this.#server(),
        ...sides.flatMap((side) => [
          () => pair.transmit(side),
          () => pair.deliver(side),
          () => pair.consume(side),
        ]),
      ];
      for (const step of this.#random.shuffled(steps)) if (this.#random.chance(0.6)) step();
      for (const side of sides) pair.drain(side);
      if (this.#over()) return round;
      if (this.faults().length > 0) return undefined;
    }
    return undefined;
  }

  faults(): Heard[] {
    return sides.flatMap((side) =>
      this.heard[side].filter(
        (event) => event.type === 'fault' || (event.type === 'goaway' && event.code !== 'OK'),
      ),
    );
  }

  #over(): boolean {
    const { client, server } = this.pair.ends;
    const nothingToStart = this.#todo.length === 0 || client.state === 'draining';
    return (
      (client.state === 'open' || client.state === 'draining') &&
      nothingToStart &&
      client.openStreams === 0 &&
      server.openStreams === 0 &&
      this.pair.idle
    );
  }

  // ------------------------------------------------------------------ what the ends hear

  #hear(side: Side, event: Heard): void {
    this.heard[side].push(event);
    const end = this.pair.ends[side];
    switch (event.type) {
      case 'negotiated':
        if (side === 'client') end.authenticate('ANONYMOUS');
        return;
      case 'auth':
        end.authenticated('anonymous');
        this.pair.drain(side);
        return;
      case 'open':
        this.#begin('server', event.stream, Number(event.request.path));
        return;
      case 'accept':
      case 'ack':
      case 'end':
      case 'entries':
      case 'result':
      case 'reset':
        this.#hearStream(side, event);
        return;
      default:
        return;
    }
  }

  #hearStream(side: Side, event: Extract<Heard, { stream: number; type: string }>): void {
    const view = this.views[side].get(event.stream);
    if (view === undefined) throw new Error(`${side} hears ${event.type} of a stream it does not know`);
    switch (event.type) {
      case 'accept':
        view.accepted = true;
        break;
      case 'ack':
        view.acknowledged = event.offset;
        break;
      case 'end':
        view.ended = true;
        view.digest = event.digest;
        break;
      case 'entries':
        for (const entry of event.entries) view.content.push(written(entry));
        break;
      case 'result':
        view.answer = event.result.status;
        break;
      case 'reset':
        if (side === 'server') view.gaveUp = true;
        else view.answer = 'reset';
        break;
      default:
        break;
    }
  }

  #begin(side: Side, stream: number, index: number): void {
    const each = this.#scenario.plans[index] as Plan;
    this.views[side].set(stream, {
      plan: each,
      index,
      content: [],
      answer: undefined,
      ended: false,
      gaveUp: false,
      accepted: false,
      acknowledged: 0,
      at: 0,
      digest: undefined,
    });
  }

  // ------------------------------------------------------------------ what the ends do

  #ping(): void {
    const side = this.#random.pick(sides) as Side;
    const end = this.pair.ends[side];
    if (this.#random.chance(0.1) && (end.state === 'open' || end.state === 'draining')) {
      const asked = this.heard[side].filter(({ type }) => type === 'pong').length;
      if (asked > 20) return;
      try {
        end.ping();
      } catch {
        // So many are not answered yet that one more would be a flood.
      }
    }
  }

  #open(): void {
    const { client } = this.pair.ends;
    const [next] = this.#todo;
    if (next === undefined || !client.canOpen) return;
    this.#todo.shift();
    const [index, each] = next;
    const stream = client.open({ operation: each.operation, path: String(index) });
    this.#begin('client', stream, index);
  }

  #client(): void {
    const { client } = this.pair.ends;
    const running = [...this.views.client].filter(([stream]) => client.isOpen(stream));
    const [stream, view] = this.#random.pick(running) ?? [0, undefined];
    if (view === undefined || view.gaveUp) return;
    const { plan: each } = view;
    const share = percent(view, each.operation === 'upload');
    if (each.cancelAt !== undefined && (each.cancelAt > 100 ? view.ended : share >= each.cancelAt)) {
      view.gaveUp = true;
      client.reset(stream, 'CANCELLED');
      return;
    }
    if (each.operation !== 'upload' || view.ended || (each.patient && !view.accepted)) return;
    this.#send('client', stream, view);
  }

  /** Sends the next piece of a file, or its end. */
  #send(side: Side, stream: number, view: View): void {
    const end = this.pair.ends[side];
    const { index } = view;
    const { size } = view.plan;
    if (view.at === size) {
      view.ended = true;
      view.digest = digestOf(index);
      end.end(stream, size, view.digest);
      return;
    }
    const room = Math.min(end.sendable(stream), end.maxDataPayload, size - view.at);
    if (room === 0) return;
    const count = this.#random.chance(0.5) ? room : this.#random.integer(1, room);
    const piece = fileOf(index, size).slice(view.at, view.at + count);
    end.write(stream, piece);
    view.content.push(hex(piece));
    view.at += count;
  }

  #server(): void {
    const { server } = this.pair.ends;
    const running = [...this.views.server].filter(([stream]) => server.isOpen(stream));
    const [stream, view] = this.#random.pick(running) ?? [0, undefined];
    if (view === undefined || view.answer !== undefined) return;
    const { plan: each } = view;
    if (view.gaveUp) {
      this.#answer(stream, view, this.#random.chance(0.5) ? 'failure' : 'reset');
      return;
    }
    if (each.refuseAt !== undefined && percent(view, each.operation !== 'upload') >= each.refuseAt) {
      this.#answer(stream, view, each.lastWord === 'reset' ? 'reset' : 'failure');
    } else if (each.operation === 'stat') {
      this.#answer(stream, view, each.lastWord);
    } else if (each.operation === 'list') {
      this.#list(stream, view);
    } else if (each.operation === 'download') {
      this.#serve(stream, view);
    } else {
      this.#take(stream, view);
    }
  }

  #list(stream: number, view: View): void {
    const { server } = this.pair.ends;
    if (view.at === view.plan.size) {
      this.#answer(stream, view, view.plan.lastWord);
      return;
    }
    const count = Math.min(this.#random.integer(1, 12), view.plan.size - view.at);
    const entries = Array.from({ length: count }, (_entry, i) => entryOf(view.at + i));
    if (server.sendable(stream) < 4000) return;
    server.writeEntries(stream, entries);
    for (const entry of entries) view.content.push(written(entry));
    view.at += count;
  }

  #serve(stream: number, view: View): void {
    if (!view.accepted) {
      view.accepted = true;
      this.pair.ends.server.accept(stream, { offset: 0, size: view.plan.size, etag: 'v1' });
    } else if (view.ended) {
      this.#answer(stream, view, view.plan.lastWord);
    } else {
      this.#send('server', stream, view);
    }
  }

  #take(stream: number, view: View): void {
    const { server } = this.pair.ends;
    const arrived = received(view);
    if (view.plan.accepts && !view.accepted) {
      view.accepted = true;
      server.accept(stream, { offset: 0 });
    } else if (view.ended && arrived === view.plan.size) {
      this.#answer(stream, view, view.plan.lastWord);
    } else if (view.accepted && arrived > view.acknowledged) {
      view.acknowledged = arrived;
      server.acknowledge(stream, arrived);
    }
  }

  #answer(stream: number, view: View, word: LastWord): void {
    const { server } = this.pair.ends;
    if (word === 'reset') {
      view.answer = 'reset';
      server.reset(stream, 'IO_ERROR', 'as planned');
    } else {
      view.answer = word === 'success' ? 'OK' : 'NO_SPACE';
      server.result(stream, { status: view.answer, effect: 'none' });
    }
  }
}

/** The content that a plan is about, as views keep it. */
export function contentOf(each: Plan, index: number): string {
  if (each.operation === 'list') {
    return Array.from({ length: each.size }, (_entry, i) => written(entryOf(i))).join('');
  }
  return each.operation === 'stat' ? '' : hex(fileOf(index, each.size));
}
