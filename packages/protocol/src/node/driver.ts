import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Connection, type ConnectionEvent, type ConnectionOptions } from '../connection.js';
import { FilexError } from '../errors.js';
import { LINGER_TIMEOUT, PIN_FRACTION, SOCKET_HIGH_WATER } from './bounds.js';
import type { Slab } from './slab-pool.js';

/** Bytes of a file that arrived, and what to call once they are stored. */
export interface Arrival {
  readonly bytes: Uint8Array;
  /** Returns credit to the peer and the buffer to its pool. Must be called exactly once. */
  readonly done: () => void;
}

type StreamEventType = 'accept' | 'end' | 'ack' | 'entries' | 'result' | 'reset';
export type StreamEvent = Extract<ConnectionEvent, { type: StreamEventType }>;

/** What an operation hears from its stream. */
export interface StreamListener {
  onEvent(event: StreamEvent): void;
  onData?(arrival: Arrival): void;
  /** The connection ended first. Nothing follows. */
  onLost(error: FilexError): void;
}

/** What the owner of a connection (session or server) hears. */
export interface DriverOwner {
  onNegotiated(): void;
  onAuth(mechanism: string | undefined, data: Uint8Array | undefined): void;
  onReady(principal: string): void;
  onOpen(event: Extract<ConnectionEvent, { type: 'open' }>): void;
  onPong(token: number): void;
  /** The peer will take nothing new. */
  onDraining(): void;
  /** A stream has ended: there may be room for another. */
  onStreamClosed(): void;
  /** The transport is gone; `error` is undefined after a graceful close. Called once, last. */
  onClosed(error: FilexError | undefined): void;
}

interface RoomRequest {
  readonly stream: number;
  readonly least: number;
  readonly use: (room: number) => void;
}

/**
 * Runs one `Connection` on one socket: feeds it bytes and time, hands its events to streams, writes its output, and
 * shares the room in the socket fairly among the streams that want to send. Holds no protocol rule of its own.
 */
export class Driver {
  readonly connection: Connection;
  readonly #owner: DriverOwner;
  readonly #listeners = new Map<number, StreamListener>();
  #socket: Socket | undefined;
  /** First come, first served; who has been served and wants more goes to the end. */
  #waiting: RoomRequest[] = [];
  /** Called once the output taken next has left this process. */
  #releases: (() => void)[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushPlanned = false;
  #ending = false;
  #closed = false;
  #error: FilexError | undefined;

  constructor(options: Omit<ConnectionOptions, 'now' | 'random'>, owner: DriverOwner) {
    this.#owner = owner;
    this.connection = new Connection({ ...options, now: performance.now(), random: randomBytes });
  }

  /** Milliseconds of the clock that the connection runs on. */
  static now(): number {
    return performance.now();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts using a connected socket, whose reads arrive by {@link onRead}. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('end', () => this.#onTransportEnd());
    socket.on('error', (cause) => this.#onTransportError(cause));
    socket.on('close', () => this.#onTransportClose());
    this.#armTimer();
    this.schedule();
  }

  /** Takes what the socket read. */
  onRead(bytes: Buffer, slab: Slab): void {
    if (this.#closed) return;
    this.connection.receive(bytes, performance.now());
    this.#dispatch(bytes, slab);
    this.flush();
  }

  listen(stream: number, listener: StreamListener): void {
    this.#listeners.set(stream, listener);
  }

  /**
   * Calls `use` once, when at least `least` bytes can be sent on the stream now; it must write at once or not at all.
   * A request whose stream has ended is dropped: the stream's listener hears of that by other means.
   */
  requestRoom(stream: number, least: number, use: (room: number) => void): void {
    const room = this.connection.sendable(stream);
    if (this.#waiting.length === 0 && room >= least && this.#hasSpace()) use(room);
    else this.#waiting.push({ stream, least, use });
    this.schedule();
  }

  /** Calls `release` when everything written so far has left this process or never will. */
  onSent(release: () => void): void {
    if (this.#closed) release();
    else this.#releases.push(release);
  }

  /** Lets output leave at the end of this turn of the event loop, together with what else comes up in it. */
  schedule(): void {
    if (this.#flushPlanned || this.#closed) return;
    this.#flushPlanned = true;
    setImmediate(() => {
      this.#flushPlanned = false;
      this.#dispatch(undefined, undefined);
      this.flush();
    });
  }

  /** Says goodbye for `error`, or for nothing, and ends the transport. */
  abort(error: FilexError): void {
    if (this.#closed) return;
    this.#error ??= error;
    this.connection.abort(error.code, error.message);
    this.#loseStreams(error);
    this.#endTransport();
  }

  /** Ends the transport without a word. */
  destroy(error: FilexError | undefined): void {
    this.#error ??= error;
    this.#loseStreams(error ?? new FilexError('CONNECTION_LOST', 'the connection was closed'));
    if (this.#socket === undefined) this.#onTransportClose();
    else this.#socket.destroy();
  }

  /** Writes what there is to write. */
  flush(): void {
    if (this.#closed || this.#socket === undefined) return;
    do {
      this.#serveWaiting();
      if (this.connection.outputSize === 0) return;
      this.#writeOut(this.#socket);
    } while (this.#hasSpace() && this.#canServe());
  }

  #writeOut(socket: Socket): void {
    const parts = this.connection.takeOutput();
    const releases = this.#releases;
    this.#releases = [];
    let size = 0;
    for (const part of parts) size += part.length;
    this.#inFlight += size;
    const sent = (): void => {
      this.#inFlight -= size;
      for (const release of releases) release();
      if (this.#waiting.length > 0) this.flush();
    };
    if (!socket.writable) {
      sent();
      return;
    }
    socket.cork();
    const last = parts.length - 1;
    for (let i = 0; i < last; i += 1) socket.write(parts[i] as Uint8Array);
    socket.write(parts[last] as Uint8Array, sent);
    socket.uncork();
  }

  #canServe(): boolean {
    return this.#waiting.some((request) => this.connection.sendable(request.stream) >= request.least);
  }

  #hasSpace(): boolean {
    return this.#inFlight + this.connection.outputSize < SOCKET_HIGH_WATER;
  }

  #serveWaiting(): void {
    let tries = this.#waiting.length;
    while (tries > 0 && this.#hasSpace()) {
      tries -= 1;
      const request = this.#waiting.shift() as RoomRequest;
      const room = this.connection.sendable(request.stream);
      if (room >= request.least) request.use(room);
      else if (this.connection.isOpen(request.stream)) this.#waiting.push(request);
    }
  }

  // ------------------------------------------------------------------ events

  #dispatch(chunk: Buffer | undefined, slab: Slab | undefined): void {
    const events = this.connection.events();
    if (events.length === 0) return;
    const pin = slab === undefined || chunk === undefined ? undefined : keeperOf(events, slab);
    for (const event of events) {
      switch (event.type) {
        case 'data':
          this.#onData(event.stream, event.bytes, pin as Keeper);
          break;
        case 'accept':
        case 'ack':
        case 'end':
        case 'entries':
        case 'result':
        case 'reset':
          this.#onStreamEvent(event);
          break;
        case 'open':
          this.#owner.onOpen(event);
          break;
        case 'writable':
          break; // The flush that follows every dispatch serves whoever waits for room.
        case 'pong':
          this.#owner.onPong(event.token);
          break;
        case 'negotiated':
          this.#owner.onNegotiated();
          break;
        case 'auth':
          this.#owner.onAuth(event.mechanism, event.data);
          break;
        case 'ready':
          this.#owner.onReady(event.principal);
          break;
        case 'goaway':
          if (event.code === 'OK') this.#owner.onDraining();
          else this.#onRefused(new FilexError(event.code, event.reason ?? undefined));
          break;
        case 'drained':
          this.#endTransport();
          break;
        case 'fault':
          this.#onRefused(new FilexError(event.code, event.message));
          break;
      }
    }
  }

  #onData(stream: number, bytes: Uint8Array, keep: Keeper): void {
    const listener = this.#listeners.get(stream);
    const size = bytes.length;
    if (listener?.onData === undefined) {
      this.connection.consume(stream, size);
      return;
    }
    const kept = keep(bytes);
    listener.onData({
      bytes: kept.bytes,
      done: () => {
        kept.release();
        if (this.#closed) return;
        this.connection.consume(stream, size);
        if (this.connection.outputSize > 0) this.schedule();
      },
    });
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

  #onRefused(error: FilexError): void {
    this.#error ??= error;
    this.#loseStreams(error);
    this.#endTransport();
  }

  #loseStreams(error: FilexError): void {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    this.#waiting = [];
    for (const listener of listeners) listener.onLost(error);
  }

  // ------------------------------------------------------------------ transport

  #onTransportEnd(): void {
    if (!this.#ending) {
      this.#error ??= new FilexError('CONNECTION_LOST', 'the other end closed the connection');
      this.#loseStreams(this.#error);
    }
    this.#endTransport();
  }

  #onTransportError(cause: Error): void {
    if (this.#ending) return; // The last words were said; whether they arrived changes nothing here.
    this.#error ??= new FilexError('CONNECTION_LOST', `the connection failed: ${cause.message}`, { cause });
  }

  #onTransportClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const release of this.#releases) release();
    this.#releases = [];
    if (!this.#ending) this.#error ??= new FilexError('CONNECTION_LOST');
    this.#loseStreams(this.#error ?? new FilexError('CONNECTION_LOST', 'the connection was closed'));
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

  #armTimer(): void {
    const due = this.connection.nextTimeout();
    if (due === undefined || this.#ending) return;
    this.#timer = setTimeout(
      () => {
        this.connection.handleTimeout(performance.now());
        this.#dispatch(undefined, undefined);
        this.flush();
        this.#armTimer();
      },
      Math.max(1, due - performance.now()),
    );
    // What keeps a process alive is its socket, not the watch over it.
    this.#timer.unref();
  }
}

type Keeper = (bytes: Uint8Array) => { readonly bytes: Uint8Array; readonly release: () => void };

const nothing = (): void => undefined;

/**
 * How views of one read are kept beyond it: by holding the slab, or, when they are only a small part of it, by copying
 * them out, so that a peer that drips data cannot pin a slab with every few bytes.
 */
function keeperOf(events: readonly ConnectionEvent[], slab: Slab): Keeper {
  let size = 0;
  for (const event of events) if (event.type === 'data') size += event.bytes.length;
  if (size * PIN_FRACTION < slab.buffer.length) {
    return (bytes) => ({ bytes: Buffer.from(bytes), release: nothing });
  }
  return (bytes) => {
    slab.hold();
    return { bytes, release: () => slab.release() };
  };
}
