import type { Socket } from 'node:net';
import { StreamTable } from '../connection/stream-table.js';
import { Connection, type ConnectionEvent, type ConnectionOptions } from '../connection.js';
import { FilexError } from '../errors.js';
import {
  LINGER_TIMEOUT,
  MAX_TURNS,
  PIN_FRACTION,
  SCARCE_HIGH_WATER,
  SOCKET_HIGH_WATER,
  TIGHT_PIN_FRACTION,
  TIGHT_SLABS,
} from './bounds.js';
import { randomFromPool } from './random-pool.js';
import { RateLimit } from './rate-limit.js';
import { type Slab, slabs } from './slab-pool.js';

/** Bytes of a file that arrived. Their credit goes back to the peer by {@link Driver.consume}. */
export interface Arrival {
  readonly bytes: Uint8Array;
  /** Returns the buffer to its pool. Must be called exactly once. */
  readonly release: () => void;
}

type StreamEventType = 'accept' | 'end' | 'ack' | 'entries' | 'result' | 'reset';
export type StreamEvent = Extract<ConnectionEvent, { type: StreamEventType }>;

/** What an operation hears from its stream. */
export interface StreamListener {
  onEvent(event: StreamEvent): void;
  readonly onData?: ((arrival: Arrival) => void) | undefined;
  /**
   * The connection ended first. Nothing follows.
   * @param unseen whether the peer has said that it never saw this stream: nothing has come, and will come, of it.
   */
  onLost(error: FilexError, unseen: boolean): void;
}

/** What the owner of a connection (session or server) hears. */
export interface DriverOwner {
  onNegotiated(): void;
  onAuth(mechanism: string | undefined, data: Uint8Array | undefined): void;
  /** `data`: what a client is given with the success. */
  onReady(principal: string, data: Uint8Array | undefined): void;
  onOpen(event: Extract<ConnectionEvent, { type: 'open' }>): void;
  onPong(token: number): void;
  /** The peer will take nothing new. */
  onDraining(): void;
  /** A stream has ended: there may be room for another. */
  onStreamClosed(): void;
  /** The connection is of no use any more; its transport may take a moment to close. Called once, after the streams heard. */
  onLost(error: FilexError): void;
  /** The transport is gone; `error` is undefined after a graceful close. Called once, last. */
  onClosed(error: FilexError | undefined): void;
}

interface RoomRequest {
  readonly stream: number;
  readonly least: number;
  /** Asks for a turn. */
  readonly turn: boolean;
  readonly use: (room: number) => void;
}

/**
 * Runs one `Connection` on one socket: feeds it bytes and time, hands its events to streams, writes its output, and
 * shares the room in the socket fairly among the streams that want to send. Holds no protocol rule of its own.
 */
export class Driver {
  readonly connection: Connection;
  readonly #owner: DriverOwner;
  readonly #listeners = new StreamTable<StreamListener>();
  #socket: Socket | undefined;
  #transport: Socket | undefined;
  /** First come, first served; who has been served and wants more goes to the end. */
  #waiting: RoomRequest[] = [];
  #turns = 0;
  /** Called once the output taken next has left this process. */
  #releases: (() => void)[] = [];
  /** Those of the last output taken, while it is under way. */
  #lastReleases: (() => void)[] | undefined;
  #inFlight = 0;
  /** Bytes that were taken out of the core so far. */
  #taken = 0;
  /** What may be sent, and what is received: bytes of file content. */
  readonly #sendRate: RateLimit | undefined;
  readonly #receiveRate: RateLimit | undefined;
  /** Credit that is returned when the rate allows. */
  #owed: { readonly stream: number; readonly count: number }[] = [];
  #sendTimer: NodeJS.Timeout | undefined;
  #receiveTimer: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What the timer waits for. */
  #due = Number.POSITIVE_INFINITY;
  #flushPlanned = false;
  #ready = false;
  #lost = false;
  #ending = false;
  #closed = false;
  #error: FilexError | undefined;
  /** The last stream that the peer has taken, once it has said so. */
  #lastSeen = Number.POSITIVE_INFINITY;

  /**
   * @param options `now`: when the transport was there, by {@link Driver.now}; default: now.
   * @param bandwidthLimit bytes of file content per second, each way.
   */
  constructor(
    options: Omit<ConnectionOptions, 'now' | 'random'> & { readonly now?: number | undefined },
    owner: DriverOwner,
    bandwidthLimit?: number | undefined,
  ) {
    this.#owner = owner;
    if (bandwidthLimit !== undefined) {
      this.#sendRate = new RateLimit(bandwidthLimit);
      this.#receiveRate = new RateLimit(bandwidthLimit);
    }
    const { now = performance.now() } = options;
    this.connection = new Connection({ ...options, now, random: randomFromPool });
  }

  /** Milliseconds of the clock that the connection runs on. */
  static now(): number {
    return performance.now();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that were to be sent so far … */
  get queued(): number {
    return this.#taken + this.connection.outputSize;
  }

  /** … and those of them that were given to the socket and have, as far as is known, not left it. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How much of the write under way the system has not taken; undefined where Node does not tell. */
  get unsent(): number | undefined {
    const transport = this.#transport as unknown as Unsent | undefined;
    const size = transport?._handle?.writeQueueSize;
    return typeof size === 'number' ? size : undefined;
  }

  /** Whether the stream has something to send, for which the peer has not granted credit. */
  lacksCredit(stream: number): boolean {
    const request = this.#waiting.find((each) => each.stream === stream);
    return request !== undefined && this.connection.sendable(stream) < request.least;
  }

  /**
   * Starts using a connected socket, whose reads arrive by {@link onRead}.
   * @param transport what moves its bytes, where that is another: below TLS.
   */
  attach(socket: Socket, transport = socket): void {
    this.#socket = socket;
    this.#transport = transport;
    socket.setNoDelay(true);
    socket.on('end', () => this.#onTransportEnd());
    socket.on('error', (cause) => this.#onTransportError(cause));
    socket.on('close', () => this.#onTransportClose());
    this.#watch();
    this.schedule();
  }

  /** Takes what the socket read. */
  onRead(bytes: Uint8Array, slab: Slab): void {
    if (this.#closed) return;
    this.connection.receive(bytes, performance.now());
    this.#dispatch(slab);
    this.flush();
    this.#watch();
  }

  listen(stream: number, listener: StreamListener): void {
    this.#listeners.set(stream, listener);
  }

  /** Returns credit for `count` bytes that arrived on the stream. */
  consume(stream: number, count: number): void {
    if (this.#closed) return;
    if (this.#receiveRate !== undefined) {
      this.connection.withhold(stream, count);
      this.#owed.push({ stream, count });
      this.#payOwed(this.#receiveRate);
      return;
    }
    this.connection.consume(stream, count);
    if (this.connection.outputSize > 0) this.schedule();
  }

  /** Returns credit, as fast as the rate allows. */
  #payOwed(rate: RateLimit): void {
    if (this.#receiveTimer !== undefined) return;
    let paid = 0;
    for (; paid < this.#owed.length; paid += 1) {
      const now = performance.now();
      const delay = rate.delay(now);
      if (delay > 0) {
        this.#receiveTimer = setTimeout(() => {
          this.#receiveTimer = undefined;
          this.#payOwed(rate);
        }, delay);
        break;
      }
      const { stream, count } = this.#owed[paid] as { stream: number; count: number };
      rate.spend(count, now);
      this.connection.consume(stream, count);
    }
    this.#owed.splice(0, paid);
    if (this.connection.outputSize > 0) this.schedule();
  }

  /** Bytes that can be sent on the stream at once, without waiting for anybody, as soon as it is accepted. */
  roomNow(stream: number): number {
    return this.#sendRate === undefined && this.#hasSpace() ? this.connection.granted(stream) : 0;
  }

  /**
   * Calls `use` once, when at least `least` bytes can be sent on the stream now; it must write at once or not at all.
   * A request whose stream has ended is dropped: the stream's listener hears of that by other means.
   */
  requestRoom(stream: number, least: number, use: (room: number) => void): void {
    this.#request({ stream, least, turn: false, use });
  }

  /**
   * Writes all of a small piece, when that can be sent now and nobody waits for room.
   * @returns whether it was written; it belongs to the transport then.
   */
  writeNow(stream: number, bytes: Uint8Array): boolean {
    if (bytes.length > this.connection.maxDataPayload || this.#waiting.length > 0) return false;
    if (!this.#canServe({ stream, least: bytes.length, turn: false })) return false;
    this.connection.write(stream, bytes);
    this.#sendRate?.spend(bytes.length, performance.now());
    this.schedule();
    return true;
  }

  /**
   * Calls `use` once, when something can be sent on the stream, with leave to take that much memory for it until
   * {@link endTurn}. There are only so many turns: streams that cannot send hold no memory, however many they are.
   */
  requestTurn(stream: number, use: (room: number) => void): void {
    this.#request({ stream, least: 1, turn: true, use });
  }

  /**
   * As {@link requestTurn}, if there is one to be had at once and nobody waits.
   * @param before bytes that the stream will send before.
   * @returns how much can be sent after these; 0: no turn.
   */
  tryTurn(stream: number, before: number): number {
    if (this.#waiting.length > 0 || this.#turns >= MAX_TURNS || !this.#hasSpace()) return 0;
    const room = Math.max(0, this.connection.sendable(stream) - before);
    if (room > 0) this.#turns += 1;
    return room;
  }

  endTurn(): void {
    this.#turns -= 1;
    if (this.#waiting.length > 0) this.schedule();
  }

  /** Calls `release` when everything written so far has left this process or never will. */
  onSent(release: () => void): void {
    if (this.#closed) release();
    else if (this.connection.outputSize > 0) this.#releases.push(release);
    else if (this.#lastReleases !== undefined) this.#lastReleases.push(release);
    else release();
  }

  /** Lets output leave at the end of this turn of the event loop, together with what else comes up in it. */
  schedule(): void {
    if (this.#flushPlanned || this.#closed) return;
    this.#flushPlanned = true;
    setImmediate(() => {
      this.#flushPlanned = false;
      if (this.#closed) return;
      this.#dispatch(undefined);
      this.flush();
      // Who has just been let in is waited for in another way, and need not say anything.
      this.#watch();
    });
  }

  /** Lets what runs finish, takes nothing new, then ends the transport. */
  shutdown(reason?: string): void {
    if (!this.#ready) return this.abort(new FilexError('SHUTTING_DOWN', reason));
    this.connection.shutdown(reason);
    this.schedule();
  }

  /** Says goodbye for `error` and ends the transport. */
  abort(error: FilexError): void {
    if (this.#closed) return;
    this.connection.abort(error.code, error.message);
    this.#fail(error);
  }

  /** Ends the transport after what is left to say; streams that are still open are lost. */
  end(): void {
    if (this.#closed) return;
    this.#lose(new FilexError('CONNECTION_LOST', 'the connection was closed'));
    this.#endTransport();
  }

  /** Ends the transport without a word. */
  destroy(error: FilexError | undefined): void {
    this.#error ??= error;
    this.#lose(error ?? new FilexError('CONNECTION_LOST', 'the connection was closed'));
    if (this.#socket === undefined) this.#onTransportClose();
    else this.#socket.destroy();
  }

  /**
   * Writes what there is to write, unless the socket has enough for now: output that waits in the core is what the
   * limits of the core count, so that a peer that does not read cannot make answers pile up.
   */
  flush(): void {
    const socket = this.#socket;
    if (this.#closed || socket === undefined) return;
    while (this.#inFlight < SOCKET_HIGH_WATER) {
      this.#serveWaiting();
      if (this.connection.outputSize === 0) return;
      this.#writeOut(socket);
    }
  }

  #request(request: RoomRequest): void {
    if (this.#waiting.length === 0 && this.#canServe(request)) this.#serve(request);
    else this.#waiting.push(request);
    this.schedule();
  }

  #canServe({ stream, least, turn }: Omit<RoomRequest, 'use'>): boolean {
    if (turn && this.#turns >= MAX_TURNS) return false;
    if (this.#sendRate !== undefined && !this.#maySend(this.#sendRate)) return false;
    return this.#hasSpace() && this.connection.sendable(stream) >= least;
  }

  #serve({ stream, turn, use }: RoomRequest): void {
    if (turn) this.#turns += 1;
    const room = this.connection.sendable(stream);
    const rate = this.#sendRate;
    if (rate === undefined) return use(room);
    use(Math.min(room, rate.portion));
    rate.spend(room - this.connection.sendable(stream), performance.now());
  }

  #maySend(rate: RateLimit): boolean {
    const delay = rate.delay(performance.now());
    if (delay === 0) return true;
    this.#sendTimer ??= setTimeout(() => {
      this.#sendTimer = undefined;
      this.flush();
    }, delay);
    return false;
  }

  #writeOut(socket: Socket): void {
    const parts = this.connection.takeOutput();
    const releases = this.#releases;
    this.#releases = [];
    if (!socket.writable) {
      for (const release of releases) release();
      return;
    }
    let size = 0;
    for (const part of parts) size += part.length;
    this.#taken += size;
    this.#inFlight += size;
    this.#lastReleases = releases;
    const sent = (): void => {
      this.#inFlight -= size;
      if (this.#lastReleases === releases) this.#lastReleases = undefined;
      for (const release of releases) release();
      this.flush();
    };
    const last = parts.length - 1;
    if (last > 0) socket.cork();
    for (let i = 0; i < last; i += 1) socket.write(parts[i] as Uint8Array);
    socket.write(parts[last] as Uint8Array, sent);
    if (last > 0) socket.uncork();
  }

  #hasSpace(): boolean {
    const enough = slabs.scarce ? SCARCE_HIGH_WATER : SOCKET_HIGH_WATER;
    return this.#inFlight + this.connection.outputSize < enough;
  }

  #serveWaiting(): void {
    let tries = this.#waiting.length;
    while (tries > 0 && this.#hasSpace()) {
      tries -= 1;
      const request = this.#waiting.shift() as RoomRequest;
      if (this.#canServe(request)) this.#serve(request);
      else if (this.connection.isOpen(request.stream)) this.#waiting.push(request);
    }
  }

  // ------------------------------------------------------------------ events

  /** Hands out what happened; what happens because of that too. */
  #dispatch(slab: Slab | undefined): void {
    for (let events = this.connection.events(); events.length > 0; events = this.connection.events()) {
      const keep = slab === undefined ? copy : keeperOf(events, slab);
      for (const event of events) this.#onEvent(event, keep);
    }
  }

  #onEvent(event: ConnectionEvent, keep: Keeper): void {
    switch (event.type) {
      case 'data':
        return this.#onData(event.stream, event.bytes, keep);
      case 'accept':
      case 'ack':
      case 'end':
      case 'entries':
      case 'result':
      case 'reset':
        return this.#onStreamEvent(event);
      case 'open':
        return this.#owner.onOpen(event);
      case 'writable':
        return; // The flush that follows every dispatch serves whoever waits for room.
      case 'pong':
        return this.#owner.onPong(event.token);
      // The same read may hold what has ended the connection: then there is nobody to answer any more.
      case 'negotiated':
        if (this.connection.state !== 'closed') this.#owner.onNegotiated();
        return;
      case 'auth':
        if (this.connection.state !== 'closed') this.#owner.onAuth(event.mechanism, event.data);
        return;
      case 'ready':
        this.#ready = true;
        return this.#owner.onReady(event.principal, event.data);
      case 'goaway':
        this.#lastSeen = event.lastStream;
        if (event.code !== 'OK') return this.#fail(new FilexError(event.code, event.reason));
        if (this.#ready) return this.#owner.onDraining();
        return this.#fail(
          new FilexError('CONNECTION_LOST', 'the other end said goodbye before anything else'),
        );
      case 'drained':
        return this.#endTransport();
      case 'fault':
        return this.#fail(new FilexError(event.code, event.message));
    }
  }

  #onData(stream: number, bytes: Uint8Array, keep: Keeper): void {
    const listener = this.#listeners.get(stream);
    if (listener?.onData === undefined) this.connection.consume(stream, bytes.length);
    else listener.onData(keep(stream, bytes));
  }

  #onStreamEvent(event: StreamEvent): void {
    const listener = this.#listeners.get(event.stream);
    if (listener === undefined && event.type === 'entries') this.connection.consume(event.stream, event.size);
    listener?.onEvent(event);
    // The core may be ahead of its events, so it is the event that tells: these two are the last a client hears.
    const last = event.type === 'result' || event.type === 'reset';
    if (last && this.connection.role === 'client') this.forget(event.stream);
  }

  /** Called when there is nothing more to hear on a stream; what a peer still sends there is dropped by the core. */
  forget(stream: number): void {
    if (this.#listeners.delete(stream)) this.#owner.onStreamClosed();
  }

  #fail(error: FilexError): void {
    this.#error ??= error;
    this.#lose(error);
    this.#endTransport();
  }

  #lose(error: FilexError): void {
    const listeners = this.#listeners.entries();
    this.#listeners.clear();
    this.#waiting = [];
    for (const [stream, listener] of listeners) listener.onLost(error, stream > this.#lastSeen);
    if (this.#lost) return;
    this.#lost = true;
    this.#owner.onLost(error);
  }

  // ------------------------------------------------------------------ transport

  #onTransportEnd(): void {
    if (!this.#ending) this.#fail(new FilexError('CONNECTION_LOST', 'the other end closed the connection'));
  }

  #onTransportError(cause: Error): void {
    if (this.#ending) return; // The last words were said; whether they arrived changes nothing here.
    this.#error ??= new FilexError('CONNECTION_LOST', `the connection failed: ${cause.message}`, { cause });
  }

  #onTransportClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of [this.#timer, this.#sendTimer, this.#receiveTimer]) clearTimeout(timer);
    this.#owed = [];
    for (const release of this.#releases) release();
    this.#releases = [];
    if (!this.#ending) this.#error ??= new FilexError('CONNECTION_LOST');
    this.#lose(this.#error ?? new FilexError('CONNECTION_LOST', 'the connection was closed'));
    this.#owner.onClosed(this.#error);
  }

  /** Sends what is left, closes this direction, and gives the peer a moment to close the other. */
  #endTransport(): void {
    if (this.#ending) return;
    this.#ending = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === undefined) return;
    if (this.connection.outputSize > 0) this.#writeOut(socket);
    socket.end();
    this.#timer = setTimeout(() => socket.destroy(), LINGER_TIMEOUT);
    this.#timer.unref();
    socket.once('end', () => socket.destroySoon());
    if (socket.readableEnded) socket.destroySoon();
  }

  /** Sees to it that the timer rings when the core next wants to know how late it is. */
  #watch(): void {
    const due = this.connection.nextTimeout();
    if (due === undefined || due >= this.#due || this.#ending || this.#closed) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(
      // Not at once: after a time in which this process did not run, what the peer said in it is read first.
      () => setImmediate(() => this.#onTimer()),
      Math.max(1, due - performance.now()),
    );
    // What keeps a process alive is its socket, not the watch over it.
    this.#timer.unref();
  }

  #onTimer(): void {
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#ending || this.#closed) return;
    this.connection.handleTimeout(performance.now());
    this.#dispatch(undefined);
    this.flush();
    this.#watch();
  }
}

/** The part of a socket of Node that tells how far a write is; not documented, so it is looked for and not assumed. */
interface Unsent {
  _handle?: { writeQueueSize?: unknown } | null;
}

type Keeper = (stream: number, bytes: Uint8Array) => Arrival;

const nothing = (): void => undefined;

const copy: Keeper = (_stream, bytes) => ({ bytes: new Uint8Array(bytes), release: nothing });

/**
 * How views of one read are kept beyond it: by holding the slab, or, when those of their stream are only a small part of
 * it, by copying them out. So a stream that drips, alone or beside another that pours, cannot pin a slab with every few
 * bytes.
 */
function keeperOf(events: readonly ConnectionEvent[], slab: Slab): Keeper {
  const sizes = new Map<number, number>();
  for (const event of events) {
    if (event.type === 'data') sizes.set(event.stream, (sizes.get(event.stream) ?? 0) + event.bytes.length);
  }
  const tight = !slab.pooled || slabs.out > TIGHT_SLABS;
  const least = slab.buffer.length / (tight ? TIGHT_PIN_FRACTION : PIN_FRACTION);
  return (stream, bytes) => {
    if ((sizes.get(stream) as number) < least) return copy(stream, bytes);
    slab.hold();
    return { bytes, release: () => slab.release() };
  };
}
