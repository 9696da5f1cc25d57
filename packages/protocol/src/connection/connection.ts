import { type Code, codeName, codeNumber } from '../codes.js';
import { LocalProtocolError } from '../errors.js';
import { type Limits, limitTable, MAX_U64, resolveLimits } from '../limits.js';
import { type ConnectionMachineEvent, type ConnectionState, connectionTable } from '../machine/connection.js';
import { SendCredit } from '../machine/credit.js';
import type { OperationEvent } from '../machine/events.js';
import { initialState, machineOf, stepOperation } from '../machine/operation.js';
import { step } from '../machine/table.js';
import { type DigestAlgorithm, type Entry, type Operation, operations } from '../vocabulary.js';
import { FrameDecoder } from '../wire/decoder.js';
import {
  type FrameName,
  frameName,
  frameSender,
  frameTypes,
  HEADER_SIZE,
  type MessageName,
  writeHeader,
} from '../wire/frame.js';
import { decodeMessage, encodeMessage, encodeMessageView, type Messages } from '../wire/messages.js';
import { type ForeignProtocol, foreignReply, PREFACE } from '../wire/preface.js';
import { clipUtf8 } from '../wire/utf8.js';
import type { ConnectionEvent, Negotiated, OperationResult } from './events.js';
import { commonDigests, helloOf, type Offer, tooLow, VERSION } from './negotiation.js';
import { OutputQueue } from './output-queue.js';
import { type CreditUse, ReceiveLedger } from './receive-ledger.js';
import { acceptFault, openFault } from './resume.js';
import { isDiscarding, type StreamRecord } from './stream.js';
import { StreamTable } from './stream-table.js';

/** What a connection is told at its beginning. */
export interface ConnectionOptions {
  /** A client connects and opens streams; a server answers. */
  readonly role: 'client' | 'server';
  /** Milliseconds on any clock that only goes forward; the same clock as every later `now`. */
  readonly now: number;
  /** `size` unpredictable bytes. */
  readonly random: (size: number) => Uint8Array;
  /** What this end can take, where it differs from `standard` in {@link limitTable}. */
  readonly limits?: Partial<Limits> | undefined;
  /** Digests this end can compute, best first. Default: sha256. */
  readonly digests?: readonly DigestAlgorithm[] | undefined;
  /** Numbers of optional features. Default: none. */
  readonly capabilities?: readonly number[] | undefined;
  /** SASL mechanisms a server offers. Default: `ANONYMOUS`. */
  readonly mechanisms?: readonly string[] | undefined;
  /** Name and version of the program, up to 128 bytes. */
  readonly agent?: string | undefined;
  /**
   * Asked before the window of the connection grows by `bytes`; false keeps it as it is. This is how one budget bounds
   * what a process promises to all its peers. `use` is what they are for (`CreditUse`). Default: always true.
   */
  readonly reserveCredit?: ((bytes: number, use: CreditUse) => boolean) | undefined;
  /**
   * Asked at each frame that costs the peer nothing: a PING, or a RESET that gives up what the peer wanted itself. Why it is one
   * too many, for `RATE_LIMITED`; undefined when it is not. Default: never.
   */
  readonly excess?: ((frame: 'PING' | 'RESET', now: number) => string | undefined) | undefined;
}

/** OPEN without what the connection fills in. */
export type OpenArguments = Omit<Messages['OPEN'], 'operation' | 'operationId' | 'path'> & {
  /** What is wanted. */
  readonly operation: Operation;
  /** 16 bytes; default: random. The same on every retry of the same request. */
  readonly operationId?: Uint8Array | undefined;
  /** What it is wanted with. Default: the root. */
  readonly path?: string | undefined;
};

/** Creates the sans-IO core of one connection. */
export function createConnection(options: ConnectionOptions): Connection {
  return new Connection(options);
}

const MAX_REASON_BYTES = 1024;

/** The last odd number of four bytes. */
const MAX_STREAM = 0xffff_ffff;

/** What every peer takes, so that it is never this end that floods. */
const MAX_PINGS = limitTable.maxUnansweredPings.floor;

/** Forgets the marks, in ascending order, that lie within what was taken. */
function dropTaken(marks: number[], taken: number): void {
  let count = 0;
  while (count < marks.length && (marks[count] as number) <= taken) count += 1;
  if (count > 0) marks.splice(0, count);
}

/**
 * One FileX connection without a socket, clock or file: bytes and time go in, bytes and events come out.
 *
 * Use: push what arrives with {@link receive} and drain {@link events}; ask {@link takeOutput} for what to send after
 * anything that may have caused output; call {@link handleTimeout} when {@link nextTimeout} has come. What a peer does
 * never throws; it becomes a `fault` event, after which the connection only has its last words to send. What the
 * caller does wrong throws `LocalProtocolError` and changes nothing.
 */
export class Connection {
  /** Which end this is. */
  readonly role: 'client' | 'server';
  /** What this end can take. */
  readonly limits: Limits;
  readonly #random: (size: number) => Uint8Array;
  readonly #excess: ConnectionOptions['excess'];
  readonly #offer: Offer;
  /** Encoded at once, so that an offer that does not fit is the caller's error and not a surprise in `receive`. */
  readonly #hello: Uint8Array;
  /** The payload of the peer's, kept until authentication has ended. */
  #peerHello: Uint8Array | undefined;
  readonly #decoder: FrameDecoder;
  readonly #output = new OutputQueue();
  readonly #streams = new StreamTable<StreamRecord>();
  readonly #ledger: ReceiveLedger;
  #sendCredit = new SendCredit(0);
  #state: ConnectionState = 'idle';
  #events: ConnectionEvent[] = [];
  #peer: Messages['HELLO'] | undefined;
  #negotiated: Negotiated | undefined;
  /** The highest stream id seen; every lower odd id is open or has ended. */
  #lastStream = 0;
  #goAwaySent = false;
  #drainedTold = false;
  /** Where in the output each PONG ends that was not taken yet; likewise the last word on each stream. */
  readonly #pongsWaiting: number[] = [];
  readonly #lastWordsWaiting: number[] = [];
  /** Tokens of PINGs whose PONGs have not come, oldest first. */
  readonly #pings: number[] = [];
  #connectedAt: number;
  #heardAt: number;
  #probedAt: number | undefined;
  #token = 0;
  /** Set between the header of a DATA frame and its last byte. */
  #dataStream: StreamRecord | undefined;

  constructor(options: ConnectionOptions) {
    this.role = options.role;
    this.limits = resolveLimits(options.limits);
    this.#random = options.random;
    this.#excess = options.excess;
    this.#connectedAt = options.now;
    this.#heardAt = options.now;
    this.#ledger = new ReceiveLedger(this.limits, options.reserveCredit ?? (() => true));
    this.#offer = {
      limits: this.limits,
      digests: options.digests ?? ['sha256'],
      capabilities: options.capabilities ?? [],
      mechanisms: options.role === 'server' ? (options.mechanisms ?? ['ANONYMOUS']) : [],
      agent: clipUtf8(options.agent ?? '', 128),
      nonce: options.random(32),
    };
    this.#hello = encodeMessage('HELLO', helloOf(this.#offer));
    this.#decoder = new FrameDecoder(
      {
        onPreface: () => undefined,
        onDataHeader: (stream, length) => this.#onDataHeader(stream, length),
        onData: (_stream, bytes) => this.#onData(bytes),
        onFrame: (type, stream, payload) => this.#onFrame(type, stream, payload),
        onFault: (code, message, foreign) => this.#onDecoderFault(code, message, foreign),
      },
      this.limits,
    );
    if (this.role === 'client') this.#sendHello('C_HELLO');
  }

  // ------------------------------------------------------------------ what a caller can see

  /** Where the connection is, as both ends see it. PROTOCOL.md, "The connection". */
  get state(): ConnectionState {
    return this.#state;
  }

  /** What the HELLOs settled; undefined before. */
  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /**
   * Both HELLO frames as they were on the wire, the client's first, for mechanisms that bind them (PROTOCOL.md, section 6.4).
   * Undefined before both were heard, and once the connection is open.
   */
  get helloTranscript(): Uint8Array | undefined {
    if (this.#peerHello === undefined) return undefined;
    const [client, server] =
      this.role === 'client' ? [this.#hello, this.#peerHello] : [this.#peerHello, this.#hello];
    const transcript = new Uint8Array(2 * HEADER_SIZE + client.length + server.length);
    writeHeader(transcript, 0, client.length, frameTypes.HELLO, 0);
    transcript.set(client, HEADER_SIZE);
    const second = HEADER_SIZE + client.length;
    writeHeader(transcript, second, server.length, frameTypes.HELLO, 0);
    transcript.set(server, second + HEADER_SIZE);
    return transcript;
  }

  /** Streams that have not ended on both sides. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether `open` would be allowed now. */
  get canOpen(): boolean {
    return (
      this.role === 'client' &&
      this.#state === 'open' &&
      this.#lastStream < MAX_STREAM &&
      this.#streams.size < (this.#peer?.maxStreams ?? 0)
    );
  }

  /** The largest DATA payload the peer takes. */
  get maxDataPayload(): number {
    return Math.min(this.#peer?.maxDataPayload ?? 0, this.limits.maxDataPayload);
  }

  /** What this end promises the peer, without what is held: bytes between consumed and granted. */
  get connectionWindow(): number {
    return this.#ledger.window;
  }

  /** Bytes that came in `data` and `entries` events and were not given back by `consume`. */
  get unconsumed(): number {
    return this.#ledger.unconsumed;
  }

  /** Bytes waiting to be taken. */
  get outputSize(): number {
    return this.#output.size;
  }

  /** Whether the stream has not ended on both sides. */
  isOpen(stream: number): boolean {
    return this.#streams.has(stream);
  }

  /** Whether this end may do, or hear, `event` on the stream now. False on a stream that has ended. */
  allows(stream: number, event: OperationEvent): boolean {
    const record = this.#streams.get(stream);
    return record !== undefined && this.#alive() && this.#allows(record, event);
  }

  /** How many bytes `write` takes on this stream now: the lesser of its own credit and the connection's. */
  sendable(stream: number): number {
    const record = this.#streams.get(stream);
    if (record === undefined) return 0;
    const mayWrite = this.#allows(record, this.role === 'client' ? 'I_DATA' : this.#bulkEvent(record));
    return mayWrite ? this.granted(stream) : 0;
  }

  /** As {@link sendable}, also while the operation has not been accepted: what `write` will take right after `accept`. */
  granted(stream: number): number {
    const record = this.#streams.get(stream);
    if (record?.send === undefined || isDiscarding(record)) return 0;
    return Math.max(0, Math.min(record.send.available, this.#sendCredit.available));
  }

  /** How many bytes the peer may send on this stream now: the lesser of what the stream and the connection were granted. */
  receivable(stream: number): number {
    const { receive } = this.#streams.get(stream) ?? {};
    return receive === undefined ? 0 : Math.min(receive.available, this.#ledger.available);
  }

  /**
   * How many bytes after `chunk`, the next to be received, still belong to the DATA frame that it ends in; 0 when it ends anywhere
   * else. Changes nothing. Who reads can wait for them, to have a payload in one piece: whoever has begun a frame may end it.
   */
  missing(chunk: Uint8Array): number {
    return this.#state === 'closed' ? 0 : this.#decoder.missing(chunk);
  }

  // ------------------------------------------------------------------ bytes and time in

  /**
   * Takes the next bytes from the peer, cut anywhere. Events may hold views of `chunk`, so it must stay as it is until
   * each of them was consumed.
   */
  receive(chunk: Uint8Array, now: number): void {
    if (this.#state === 'closed') return;
    if (chunk.length > 0) {
      this.#heardAt = now;
      this.#probedAt = undefined;
    }
    this.#decoder.push(chunk);
  }

  /** Takes the events out, in order. */
  events(): ConnectionEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** When `handleTimeout` is next wanted; undefined when nothing is waited for. */
  nextTimeout(): number | undefined {
    switch (this.#state) {
      case 'closed':
        return undefined;
      case 'open':
      case 'draining':
        return this.#probedAt === undefined
          ? this.#heardAt + this.limits.keepaliveInterval
          : this.#probedAt + this.limits.keepaliveTimeout;
      default:
        return this.#connectedAt + this.limits.handshakeTimeout;
    }
  }

  /**
   * Does what is due: sends a PING, or gives up on a peer that is silent. May be called at any time.
   * @param now milliseconds, on the clock of `ConnectionOptions.now`.
   */
  handleTimeout(now: number): void {
    const due = this.nextTimeout();
    if (due === undefined || now < due) return;
    if (this.#state !== 'open' && this.#state !== 'draining') {
      this.#fault(
        'TIMEOUT',
        `the handshake took longer than ${this.limits.handshakeTimeout} ms (handshakeTimeout)`,
      );
    } else if (this.#probedAt === undefined) {
      this.#probedAt = now;
      // PINGs that are not answered yet probe as well as one more.
      if (this.#pings.length < MAX_PINGS) this.#sendPing();
    } else {
      this.#fault('TIMEOUT', `nothing was heard for ${Math.round(now - this.#heardAt)} ms`);
    }
  }

  // ------------------------------------------------------------------ bytes out

  /**
   * Takes what is to be sent: parts that hold at least `max` bytes, or everything. Payloads of DATA are the very
   * buffers given to `write`; they belong to the transport until it has sent them.
   */
  takeOutput(max: number = Number.POSITIVE_INFINITY): Uint8Array[] {
    const parts = this.#output.take(max);
    dropTaken(this.#pongsWaiting, this.#output.taken);
    dropTaken(this.#lastWordsWaiting, this.#output.taken);
    return parts;
  }

  // ------------------------------------------------------------------ handshake

  /** Client: starts, or goes on with, authentication. */
  authenticate(mechanism: string | undefined, data?: Uint8Array): void {
    this.#own('client');
    const next = this.#next('C_AUTH');
    this.#send('AUTH', 0, { mechanism, data });
    this.#state = next;
  }

  /** Server: asks the client for another step. */
  challenge(data: Uint8Array): void {
    this.#own('server');
    const next = this.#next('S_AUTH_CONTINUE');
    this.#send('AUTH', 0, { step: 'continue', data });
    this.#state = next;
  }

  /** Server: the client is who it says; operations may start. */
  authenticated(principal: string, data?: Uint8Array): void {
    this.#own('server');
    const next = this.#next('S_AUTH_SUCCESS');
    this.#send('AUTH', 0, { step: 'success', principal, data });
    this.#state = next;
    this.#peerHello = undefined;
    this.#events.push({ type: 'ready', principal, data: undefined });
  }

  // ------------------------------------------------------------------ streams

  /** Client: starts an operation; returns its stream. */
  open(request: OpenArguments): number {
    this.#own('client');
    if (!this.canOpen) throw new LocalProtocolError('no stream can be opened now');
    const machine = machineOf[request.operation];
    const fault = openFault(machine, request);
    if (fault !== undefined) throw new LocalProtocolError(fault);
    const stream = this.#lastStream === 0 ? 1 : this.#lastStream + 2;
    const { operation, operationId = this.#random(16), path = '' } = request;
    const next = this.#next('C_OPEN');
    this.#send('OPEN', stream, { ...request, operation: operations.indexOf(operation), operationId, path });
    this.#state = next;
    this.#lastStream = stream;
    this.#streams.set(stream, {
      id: stream,
      machine,
      state: initialState(machine, request.offset ?? 0),
      send: machine === 'upload' ? new SendCredit((this.#peer as Messages['HELLO']).streamWindow) : undefined,
      receive: machine === 'download' || machine === 'listing' ? this.#ledger.openStream() : undefined,
      offset: request.offset ?? 0,
      base: 0,
      dataLength: 0,
      acknowledged: 0,
    });
    return stream;
  }

  /** Server: takes an upload from `offset` on, or announces the file of a download. */
  accept(stream: number, accept: Omit<Messages['ACCEPT'], 'epoch'> & { readonly epoch?: number }): void {
    const record = this.#sending(stream, 'R_ACCEPT', 'server');
    const fault = acceptFault(record.machine, record.offset, accept);
    if (fault !== undefined) throw new LocalProtocolError(fault);
    const { offset, epoch = 0, etag, size, mtime, executable, algorithm, prefix } = accept;
    this.#send('ACCEPT', stream, {
      offset,
      epoch,
      etag,
      size,
      mtime,
      executable,
      algorithm,
      prefix,
    });
    this.#sent(record, 'R_ACCEPT');
    record.base = accept.offset;
    record.acknowledged = accept.offset;
  }

  /**
   * Sends file bytes: at most `sendable(stream)` and `maxDataPayload`. The buffer is passed on by identity and must stay
   * as it is until the transport has sent it.
   */
  write(stream: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#writing(stream, bytes.length);
    this.#output.data(stream, bytes);
  }

  /**
   * As {@link write}, of a buffer whose first {@link HEADER_SIZE} bytes are room for the header of the frame: it is written there,
   * so that header and payload leave as one part. The whole buffer must stay as it is until the transport has sent it.
   */
  writeFramed(stream: number, buffer: Uint8Array): void {
    if (buffer.length < HEADER_SIZE) throw new LocalProtocolError('the buffer has no room for a header');
    if (buffer.length === HEADER_SIZE) return;
    this.#writing(stream, buffer.length - HEADER_SIZE);
    this.#output.framed(stream, buffer);
  }

  /** Ends the bytes of a file. `length` counts from the start of the file, not of this stream. */
  end(stream: number, length: number, digest: Uint8Array): void {
    const record = this.#require(stream);
    if (length !== record.base + record.dataLength) {
      throw new LocalProtocolError(`the length is ${record.base + record.dataLength}, not ${length}`);
    }
    const event = this.role === 'client' ? 'I_END' : 'R_END';
    this.#sending(stream, event, this.role);
    this.#send('END', stream, { length, digest });
    this.#sent(record, event);
  }

  /** Server: says how much of an upload is durable. Lower than before is not allowed. */
  acknowledge(stream: number, offset: number): void {
    const record = this.#require(stream);
    if (offset < record.acknowledged || offset > record.base + record.dataLength) {
      throw new LocalProtocolError(`offset ${offset} cannot be acknowledged`);
    }
    this.#sending(stream, 'R_ACK', 'server');
    this.#send('ACK', stream, { offset });
    this.#sent(record, 'R_ACK');
    record.acknowledged = offset;
  }

  /** Server: sends one page of a listing, under credit like file bytes; see `entrySize` and `sendable`. */
  writeEntries(stream: number, entries: readonly Entry[]): void {
    const payload = encodeMessageView('ENTRY', { entries });
    if (payload.length > this.sendable(stream)) {
      throw new LocalProtocolError(`the page has ${payload.length} bytes, more than can be sent now`);
    }
    const record = this.#sending(stream, 'R_ENTRY', 'server');
    this.#sent(record, 'R_ENTRY');
    this.#spend(record, payload.length);
    this.#output.control(frameTypes.ENTRY, stream, payload);
  }

  /** Server: ends an operation with its result. */
  result(
    stream: number,
    result: Omit<OperationResult, 'detail' | 'path'> & {
      detail?: string | undefined;
      path?: string | undefined;
    },
  ): void {
    const event = result.status === 'OK' ? 'R_SUCCESS' : 'R_FAILURE';
    const record = this.#sending(stream, event, 'server');
    const { status, path = '', detail, retry, effect, outcome, etag, entry, receipt, digest } = result;
    this.#send('RESULT', stream, {
      status: codeNumber(status),
      detail: detail === undefined ? undefined : clipUtf8(detail, MAX_REASON_BYTES),
      retry,
      effect,
      outcome,
      path,
      etag,
      entry,
      receipt,
      digest,
    });
    this.#sent(record, event);
    this.#afterLastWord(record);
  }

  /** Gives a stream up. Does nothing on one that has ended. */
  reset(stream: number, code: Code, reason?: string): void {
    const record = this.#streams.get(stream);
    if (record === undefined) return;
    const event = this.role === 'client' ? 'I_RESET' : 'R_RESET';
    if (!this.#allows(record, event)) return;
    this.#sending(stream, event, this.role);
    this.#sendReset(record, code, reason);
    this.#sent(record, event);
    this.#afterLastWord(record);
  }

  /**
   * Gives back the credit of `count` bytes that a `data` or `entries` event delivered, once they are stored. Only this
   * lets the peer send more.
   */
  consume(stream: number, count: number): void {
    if (!Number.isInteger(count) || count < 0)
      throw new LocalProtocolError(`${count} bytes cannot be consumed`);
    if (count === 0 || this.#state === 'closed') return;
    const record = this.#streams.get(stream);
    const receive = record?.receive ?? this.#ledger.leftover(stream);
    if (count > (receive?.unconsumed ?? 0)) {
      throw new LocalProtocolError('more is consumed than the stream delivered');
    }
    this.#consume(stream, receive, count);
    if (record?.receive === undefined) return;
    const wantsMore = this.#allows(record, this.role === 'client' ? this.#bulkEvent(record) : 'I_DATA');
    if (!wantsMore || isDiscarding(record)) return;
    const limit = record.receive.grant();
    if (limit === undefined) return;
    this.#send('CREDIT', stream, { limit });
    this.#ledger.widen(record.receive, this.#heardAt);
  }

  /**
   * Says that `count` bytes were read, though their credit is kept back for now; `consume` follows. So the peer is not
   * granted as much for the sake of other streams, as it is for bytes that nobody reads.
   */
  withhold(stream: number, count: number): void {
    const receive = this.#streams.get(stream)?.receive ?? this.#ledger.leftover(stream);
    if (receive !== undefined) this.#ledger.withhold(receive, count);
  }

  // ------------------------------------------------------------------ the connection itself

  /** Asks for a sign of life; the answer is a `pong` event with the token returned here. 32 at once at most. */
  ping(): number {
    if (!this.#alive()) throw new LocalProtocolError('the connection is not open');
    if (this.#pings.length >= MAX_PINGS)
      throw new LocalProtocolError(`${MAX_PINGS} PINGs are not answered yet`);
    return this.#sendPing();
  }

  /** Ends gracefully: nothing new starts, what runs may finish, then a `drained` event says so. */
  shutdown(reason?: string): void {
    if (this.#state === 'closed' || this.#goAwaySent) return;
    if (!this.#alive()) return this.abort('SHUTTING_DOWN', reason);
    const next = this.#next(this.role === 'client' ? 'C_GOAWAY' : 'S_GOAWAY');
    this.#sendGoAway('OK', reason);
    this.#state = next;
    this.#checkDrained();
  }

  /** Ends at once, telling the peer why. Streams are forgotten without further events. */
  abort(code: Code, reason?: string): void {
    if (this.#state === 'closed') return;
    this.#sendGoAway(code, reason);
    this.#close();
  }

  // ------------------------------------------------------------------ frames in

  #onDecoderFault(code: Code, message: string, foreign: ForeignProtocol | undefined): void {
    if (foreign === undefined) return this.#fault(code, message);
    // The peer would not understand a GOAWAY. A client says nothing more; a server answers in the peer's own language.
    this.#close();
    if (this.role === 'server') this.#output.raw(foreignReply(foreign));
    this.#events.push({ type: 'fault', code, message });
  }

  #onFrame(type: number, stream: number, payload: Uint8Array): void {
    const name = frameName(type) as MessageName;
    if (!this.#mayCome(name)) return;
    const decoded = decodeMessage(name, payload);
    if (decoded.fault !== undefined) return this.#fault('MESSAGE_MALFORMED', decoded.fault);
    // The table of messages ties each name to its type; TypeScript cannot follow that through a switch.
    const message = decoded.message as never;
    switch (name) {
      case 'HELLO':
        return this.#onHello(message, payload);
      case 'AUTH':
        return this.#onAuth(message);
      case 'GOAWAY':
        return this.#onGoAway(message);
      default:
        break;
    }
    if (!this.#hear(name === 'OPEN' ? 'C_OPEN' : this.role === 'client' ? 'S_TRAFFIC' : 'C_TRAFFIC', name))
      return;
    switch (name) {
      case 'OPEN':
        return this.#onOpen(stream, message);
      case 'ACCEPT':
        return this.#onAccept(stream, message);
      case 'END':
        return this.#onEnd(stream, message);
      case 'ACK':
        return this.#onAck(stream, message);
      case 'ENTRY':
        return this.#onEntries(stream, message, payload.length);
      case 'RESULT':
        return this.#onResult(stream, message);
      case 'RESET':
        return this.#onReset(stream, message);
      case 'CREDIT':
        return this.#onCredit(stream, message);
      case 'PING':
        return this.#onPing(message);
      case 'PONG':
        return this.#onPong(message);
      default: {
        const never: never = name;
        throw new Error(`unreachable frame ${String(never)}`);
      }
    }
  }

  #onHello(hello: Messages['HELLO'], payload: Uint8Array): void {
    if (!this.#hear(this.role === 'client' ? 'S_HELLO' : 'C_HELLO', 'HELLO')) return;
    if (!hello.versions.includes(VERSION)) {
      return this.#fault(
        'VERSION_UNSUPPORTED',
        `the peer speaks FileX/${hello.versions.join(', ')}, this end FileX/${VERSION}`,
      );
    }
    const own = helloOf(this.#offer);
    const [client, server] = this.role === 'client' ? [own, hello] : [hello, own];
    const digests = commonDigests(client.digests, server.digests);
    const [algorithm] = digests;
    if (algorithm === undefined)
      return this.#fault('VERSION_UNSUPPORTED', 'the two ends have no digest in common');
    const low = tooLow(hello);
    if (low !== undefined) return this.#fault('MESSAGE_MALFORMED', `HELLO offers ${low}`);
    this.#peer = hello;
    // `Buffer.slice` would be a view.
    this.#peerHello = Uint8Array.from(payload);
    this.#sendCredit = new SendCredit(hello.connectionWindow);
    this.#negotiated = {
      version: VERSION,
      algorithm,
      digests,
      agent: hello.agent ?? '',
      capabilities: this.#offer.capabilities.filter((number) => hello.capabilities.includes(number)),
      mechanisms: this.role === 'client' ? (hello.mechanisms ?? []) : [],
    };
    if (this.role === 'server') this.#sendHello('S_HELLO');
    this.#events.push({ type: 'negotiated', ...this.#negotiated });
  }

  #onAuth(auth: Messages['AUTH']): void {
    if (this.role === 'server') {
      if (this.#hear('C_AUTH', 'AUTH'))
        this.#events.push({ type: 'auth', mechanism: auth.mechanism, data: auth.data });
      return;
    }
    if (auth.step === undefined) return this.#fault('MESSAGE_MALFORMED', 'AUTH lacks "step"');
    if (!this.#hear(auth.step === 'success' ? 'S_AUTH_SUCCESS' : 'S_AUTH_CONTINUE', 'AUTH')) return;
    if (auth.step === 'continue') this.#events.push({ type: 'auth', mechanism: undefined, data: auth.data });
    else {
      this.#peerHello = undefined;
      this.#events.push({ type: 'ready', principal: auth.principal ?? '', data: auth.data });
    }
  }

  #onOpen(stream: number, open: Messages['OPEN']): void {
    if (stream % 2 === 0 || stream <= this.#lastStream) {
      return this.#fault('STREAM_LIMIT', `stream ${stream} after stream ${this.#lastStream}`);
    }
    // A stream counts until its last word has left: a client that has not read it cannot know that there is room.
    if (this.#streams.size + this.#lastWordsWaiting.length >= this.limits.maxStreams) {
      return this.#fault('STREAM_LIMIT', `more than ${this.limits.maxStreams} streams at once (maxStreams)`);
    }
    const operation = operations[open.operation];
    const machine = operation === undefined ? 'call' : machineOf[operation];
    const fault = openFault(machine, open);
    if (fault !== undefined) return this.#fault('MESSAGE_MALFORMED', `OPEN on stream ${stream}: ${fault}`);
    this.#lastStream = stream;
    const record: StreamRecord = {
      id: stream,
      machine,
      state: initialState(machine, open.offset ?? 0),
      send:
        machine === 'download' || machine === 'listing'
          ? new SendCredit((this.#peer as Messages['HELLO']).streamWindow)
          : undefined,
      receive: machine === 'upload' ? this.#ledger.openStream() : undefined,
      offset: open.offset ?? 0,
      base: 0,
      dataLength: 0,
      acknowledged: 0,
    };
    this.#streams.set(stream, record);
    if (operation === undefined) {
      // A newer client asks for what this end has never heard of: that is an answer, not a fault.
      return this.result(stream, {
        status: 'UNSUPPORTED',
        effect: 'none',
        retry: false,
        detail: `operation ${open.operation}`,
      });
    }
    if (this.#state === 'draining') {
      return this.result(stream, { status: 'SHUTTING_DOWN', effect: 'none', retry: true });
    }
    this.#events.push({ type: 'open', stream, request: { ...open, operation, path: open.path ?? '' } });
  }

  #onAccept(stream: number, accept: Messages['ACCEPT']): void {
    const record = this.#hearStream(stream, 'R_ACCEPT', 'ACCEPT');
    if (record === undefined || isDiscarding(record)) return;
    const fault = acceptFault(record.machine, record.offset, accept);
    if (fault !== undefined) return this.#fault('STATE_VIOLATION', `ACCEPT on stream ${stream}: ${fault}`);
    record.base = accept.offset;
    record.acknowledged = accept.offset;
    this.#events.push({ type: 'accept', stream, accept });
  }

  #onDataHeader(stream: number, length: number): void {
    if (!this.#hear(this.role === 'client' ? 'S_TRAFFIC' : 'C_TRAFFIC', 'DATA')) return;
    const record = this.#hearStream(stream, this.role === 'client' ? 'R_DATA' : 'I_DATA', 'DATA');
    if (record === undefined) return;
    if (!this.#receive(record, length)) return;
    record.dataLength += length;
    this.#dataStream = record;
  }

  #onData(bytes: Uint8Array): void {
    const record = this.#dataStream as StreamRecord;
    // The stream may have ended, by this end's own doing, since the header of this frame came.
    if (isDiscarding(record) || record.state === 'closed') {
      this.#consume(record.id, record.receive, bytes.length);
      return;
    }
    this.#events.push({ type: 'data', stream: record.id, bytes });
  }

  #onEnd(stream: number, end: Messages['END']): void {
    const before = this.#streams.get(stream);
    const discarding = before !== undefined && isDiscarding(before);
    const record = this.#hearStream(stream, this.role === 'client' ? 'R_END' : 'I_END', 'END');
    if (record === undefined) return;
    if (!discarding) {
      const length = record.base + record.dataLength;
      if (end.length !== length) {
        return this.#fault('LENGTH_MISMATCH', `END says ${end.length} bytes, ${length} came`);
      }
      this.#events.push({ type: 'end', stream, length: end.length, digest: end.digest });
    }
    this.#afterStep(stream);
  }

  #onAck(stream: number, ack: Messages['ACK']): void {
    const record = this.#hearStream(stream, 'R_ACK', 'ACK');
    if (record === undefined || isDiscarding(record)) return;
    if (ack.offset < record.acknowledged || ack.offset > record.base + record.dataLength) {
      return this.#fault('STATE_VIOLATION', `ACK of offset ${ack.offset} after ${record.acknowledged}`);
    }
    record.acknowledged = ack.offset;
    this.#events.push({ type: 'ack', stream, offset: ack.offset });
  }

  #onEntries(stream: number, page: Messages['ENTRY'], size: number): void {
    const record = this.#hearStream(stream, 'R_ENTRY', 'ENTRY');
    if (record === undefined) return;
    if (!this.#receive(record, size)) return;
    if (isDiscarding(record)) this.#consume(stream, record.receive, size);
    else this.#events.push({ type: 'entries', stream, entries: page.entries, size });
  }

  #onResult(stream: number, message: Messages['RESULT']): void {
    const code = codeName(message.status);
    const record = this.#hearStream(stream, code === 'OK' ? 'R_SUCCESS' : 'R_FAILURE', 'RESULT');
    if (record === undefined) return;
    this.#events.push({ type: 'result', stream, result: { ...message, status: code } });
    this.#finishInitiator(record);
  }

  #onReset(stream: number, message: Messages['RESET']): void {
    const event = this.role === 'client' ? 'R_RESET' : 'I_RESET';
    const before = this.#streams.get(stream);
    const settled = before?.state === 'settled';
    // One that answers this end's last word is no wish of the peer's.
    if (!settled && !this.#affords('RESET')) return;
    // A RESET may cross the RESULT that ended the stream.
    if (before === undefined && this.#hasEnded(stream)) return;
    const record = this.#hearStream(stream, event, 'RESET');
    if (record === undefined) return;
    if (!settled) {
      this.#events.push({ type: 'reset', stream, code: codeName(message.code), reason: message.reason });
    }
    this.#finishInitiator(record);
  }

  #onCredit(stream: number, credit: Messages['CREDIT']): void {
    if (stream === 0) {
      if (this.#sendCredit.raise(credit.limit)) this.#events.push({ type: 'writable', stream: 0 });
      return;
    }
    const record = this.#streams.get(stream);
    if (record === undefined) {
      // Credit may cross the end of the stream.
      if (!this.#hasEnded(stream))
        this.#fault('STATE_VIOLATION', `CREDIT on stream ${stream}, which was never opened`);
      return;
    }
    if (record.send === undefined)
      return this.#fault('STATE_VIOLATION', `CREDIT on stream ${stream}, which gets no data`);
    if (record.send.raise(credit.limit)) this.#events.push({ type: 'writable', stream });
  }

  #onPing(ping: Messages['PING']): void {
    if (this.#pongsWaiting.length >= this.limits.maxUnansweredPings) {
      return this.#fault('RATE_LIMITED', 'PINGs come faster than their PONGs are read (maxUnansweredPings)');
    }
    if (!this.#affords('PING')) return;
    this.#send('PONG', 0, { token: ping.token });
    this.#pongsWaiting.push(this.#output.taken + this.#output.size);
  }

  #onPong(pong: Messages['PONG']): void {
    if (this.#pings[0] !== pong.token) {
      return this.#fault('STATE_VIOLATION', `PONG ${pong.token} is not the answer to the oldest PING`);
    }
    this.#pings.shift();
    this.#events.push({ type: 'pong', token: pong.token });
  }

  #onGoAway(goAway: Messages['GOAWAY']): void {
    const code = codeName(goAway.code);
    const graceful = code === 'OK' && this.#alive();
    const side = this.role === 'client' ? 'S' : 'C';
    if (!this.#hear(graceful ? `${side}_GOAWAY` : `${side}_ABORT`, 'GOAWAY')) return;
    this.#events.push({ type: 'goaway', code, lastStream: goAway.lastStream, reason: goAway.reason });
    if (graceful) this.#checkDrained();
    else this.#close();
  }

  // ------------------------------------------------------------------ steps

  #own(role: 'client' | 'server'): void {
    if (this.role !== role) throw new LocalProtocolError(`only a ${role} can do this`);
  }

  #alive(): boolean {
    return this.#state === 'open' || this.#state === 'draining';
  }

  /** Where something this end does leads. Taken only after the frame was encoded: misuse must change nothing. */
  #next(event: ConnectionMachineEvent): ConnectionState {
    const next = step(connectionTable, this.#state, event);
    if (next === undefined) throw new LocalProtocolError(`${event} is not allowed in state "${this.#state}"`);
    return next;
  }

  /** Whether the peer may send another frame of that kind now; false after a fault. */
  #affords(frame: 'PING' | 'RESET'): boolean {
    const excess = this.#excess?.(frame, this.#heardAt);
    if (excess !== undefined) this.#fault('RATE_LIMITED', excess);
    return excess === undefined;
  }

  /** Whether the peer's role sends such frames at all; false after a fault. Each table judges only the order. */
  #mayCome(name: FrameName): boolean {
    if (frameSender[name] !== this.role) return true;
    this.#fault('STATE_VIOLATION', `${name}, which only a ${this.role} sends`);
    return false;
  }

  /** Moves the connection by something the peer did; false, after a fault, when it may not. */
  #hear(event: ConnectionMachineEvent, frame: string): boolean {
    const next = step(connectionTable, this.#state, event);
    if (next === undefined) {
      this.#fault('STATE_VIOLATION', `${frame} in state "${this.#state}"`);
      return false;
    }
    this.#state = next;
    return true;
  }

  #hasEnded(stream: number): boolean {
    return stream % 2 === 1 && stream <= this.#lastStream && !this.#streams.has(stream);
  }

  #require(stream: number): StreamRecord {
    const record = this.#streams.get(stream);
    if (record === undefined) throw new LocalProtocolError(`stream ${stream} is not open`);
    return record;
  }

  #allows(record: StreamRecord, event: OperationEvent): boolean {
    return stepOperation(record.machine, record.state, event) !== undefined;
  }

  #bulkEvent(record: StreamRecord): OperationEvent {
    return record.machine === 'listing' ? 'R_ENTRY' : 'R_DATA';
  }

  /** The stream, when this end may send `event` on it now; `#sent` moves it, once the frame was encoded. */
  #sending(stream: number, event: OperationEvent, role: 'client' | 'server'): StreamRecord {
    this.#own(role);
    if (!this.#alive()) throw new LocalProtocolError(`nothing can be sent in state "${this.#state}"`);
    const record = this.#require(stream);
    if (!this.#allows(record, event)) {
      throw new LocalProtocolError(
        `${event} is not allowed for ${record.machine} in state "${record.state}"`,
      );
    }
    return record;
  }

  /** Moves a stream by something this end has sent. */
  #sent(record: StreamRecord, event: OperationEvent): void {
    record.state = stepOperation(record.machine, record.state, event) ?? record.state;
  }

  /** Moves a stream by something the peer sent; undefined, after a fault, when it may not. */
  #hearStream(stream: number, event: OperationEvent, frame: string): StreamRecord | undefined {
    const record = this.#streams.get(stream);
    const next = record === undefined ? undefined : stepOperation(record.machine, record.state, event);
    if (record === undefined || next === undefined) {
      const where =
        record === undefined ? 'is not open' : `runs ${record.machine} in state "${record.state}"`;
      this.#fault('STATE_VIOLATION', `${frame} on stream ${stream}, which ${where}`);
      return undefined;
    }
    record.state = next;
    return record;
  }

  /** After the responder's last word: an initiator that was still sending says that it stopped. */
  #finishInitiator(record: StreamRecord): void {
    if (this.role === 'client' && record.state === 'settled') {
      record.state = stepOperation(record.machine, record.state, 'I_RESET') ?? record.state;
      this.#sendReset(record, 'CANCELLED', undefined);
    }
    this.#afterStep(record.id);
  }

  /** After this end's last word on a stream: RESULT or RESET. */
  #afterLastWord(record: StreamRecord): void {
    if (record.state === 'closed') this.#lastWordsWaiting.push(this.#output.taken + this.#output.size);
    this.#afterStep(record.id);
  }

  #afterStep(stream: number): void {
    const record = this.#streams.get(stream);
    if (record?.state !== 'closed') return;
    this.#streams.delete(stream);
    if (record.receive !== undefined) this.#ledger.closeStream(stream, record.receive);
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#state !== 'draining' || this.#streams.size > 0 || this.#drainedTold) return;
    this.#drainedTold = true;
    this.#events.push({ type: 'drained' });
  }

  /** Counts `length` bytes of a file that are sent, if they may be. */
  #writing(stream: number, length: number): void {
    if (length > this.maxDataPayload) {
      throw new LocalProtocolError(`${length} bytes are more than one frame takes (${this.maxDataPayload})`);
    }
    if (length > this.sendable(stream)) {
      throw new LocalProtocolError(
        `${length} bytes are more than can be sent now (${this.sendable(stream)})`,
      );
    }
    const event = this.role === 'client' ? 'I_DATA' : 'R_DATA';
    const record = this.#sending(stream, event, this.role);
    this.#sent(record, event);
    this.#spend(record, length);
    record.dataLength += length;
  }

  #spend(record: StreamRecord, count: number): void {
    record.send?.spend(count);
    this.#sendCredit.spend(count);
  }

  /** Counts what came; false, after a fault, when it is more than was granted. */
  #receive(record: StreamRecord, count: number): boolean {
    const exceeded = this.#ledger.receive(record.receive, count, this.#heardAt);
    if (exceeded !== undefined) {
      this.#fault(
        'CREDIT_EXCEEDED',
        exceeded === 'connection' ? 'of the connection' : `of stream ${record.id}`,
      );
      return false;
    }
    // What is going to be dropped gives its credit back by itself.
    if (!isDiscarding(record)) this.#grant(this.#ledger.grant(this.#heardAt));
    return true;
  }

  #consume(stream: number, receive: StreamRecord['receive'], count: number): void {
    this.#grant(this.#ledger.consume(stream, receive, count, this.#heardAt));
  }

  #grant(limit: number | undefined): void {
    if (limit !== undefined) this.#send('CREDIT', 0, { limit });
  }

  #fault(code: Code, message: string): void {
    if (this.#state === 'closed') return;
    this.#sendGoAway(code, message);
    this.#close();
    this.#events.push({ type: 'fault', code, message });
  }

  #close(): void {
    this.#state = 'closed';
    this.#streams.clear();
    this.#decoder.stop();
  }

  // ------------------------------------------------------------------ frames out

  #sendPing(): number {
    this.#token += 1;
    this.#send('PING', 0, { token: this.#token });
    this.#pings.push(this.#token);
    return this.#token;
  }

  #sendHello(event: 'C_HELLO' | 'S_HELLO'): void {
    this.#state = this.#next(event);
    this.#output.raw(PREFACE);
    this.#output.control(frameTypes.HELLO, 0, this.#hello);
  }

  #sendReset(record: StreamRecord, code: Code, reason: string | undefined): void {
    this.#send('RESET', record.id, {
      code: codeNumber(code),
      finalOffset: record.send === undefined ? 0 : Math.min(record.base + record.dataLength, MAX_U64),
      reason: reason === undefined ? undefined : clipUtf8(reason, MAX_REASON_BYTES),
    });
  }

  #sendGoAway(code: Code, reason: string | undefined): void {
    this.#goAwaySent = true;
    // A server that has not been greeted has not sent its preface; without it the GOAWAY could not be read.
    if (this.role === 'server' && this.#peer === undefined) this.#output.raw(PREFACE);
    this.#send('GOAWAY', 0, {
      code: codeNumber(code),
      lastStream: this.#lastStream,
      reason: reason === undefined ? undefined : clipUtf8(reason, MAX_REASON_BYTES),
    });
  }

  #send<N extends MessageName>(name: N, stream: number, message: Messages[N]): void {
    this.#output.control(frameTypes[name], stream, encodeMessageView(name, message));
  }
}
