import { randomBytes } from 'node:crypto';
import { bounds } from '../client/bounds.js';
import type { Credentials } from '../login/credentials.js';
import { Witness } from '../login/witness.js';
import { shown } from '../report/shown.js';
import { codeName, codeNumber, specification } from '../spec/specification.js';
import { dataFrame, frame } from '../wire/encode.js';
import { frameType, PREFACE, rawFrame } from '../wire/frame.js';
import type { Entry, Loose, MessageName, Messages } from '../wire/messages.js';
import { treeDigest } from '../wire/tree-digest.js';
import { Violation } from '../wire/violation.js';
import { FrameInbox } from './frame-inbox.js';
import { InitiatorWatch } from './initiator-watch.js';
import type { Frame, FrameNamed } from './judge-frame.js';
import type { Transport } from './transport.js';

const floorOf = (limit: string): number => specification.limits[limit]?.floor as number;
const capOf = (limit: string): number => specification.limits[limit]?.cap as number;

/** What this server offers: windows so wide that cases which are not about credit need none. */
export function serverHello(): Messages['HELLO'] {
  return {
    versions: [1],
    capabilities: [],
    digests: [1],
    maxDataPayload: 1_048_576,
    maxStreams: 256,
    streamWindow: capOf('initialStreamWindow'),
    connectionWindow: capOf('initialConnectionWindow'),
    nonce: randomBytes(32),
    mechanisms: ['ANONYMOUS'],
    agent: 'filex-conformance',
  };
}

/** Bytes of credit that every sender can count on: one entry of any length (FX-13.2-3). */
const LEAST_CREDIT = 4608;

/** Answers an OPEN that a case is not about, by the bytes of a RESULT; undefined leaves it to the case. */
export type Attendant = (open: Messages['OPEN'], operation: string) => Loose<'RESULT'> | undefined;

const limitNames = {
  maxDataPayload: 'maxDataPayload',
  maxStreams: 'maxStreams',
  streamWindow: 'initialStreamWindow',
  connectionWindow: 'initialConnectionWindow',
} as const;

/**
 * A server that may lie. It keeps count of what an honest server would know, judges every frame of the client by it, and
 * sends whatever it is told to.
 */
export class ServerSession {
  readonly transport: Transport;
  readonly #attend: Attendant;
  readonly #streams = new Map<number, InitiatorWatch>();
  readonly #inbox: FrameInbox;
  readonly #pings: number[] = [];
  /** What the client granted: of the connection (0) and of streams. */
  readonly #limits = new Map<number, number>();
  /** What was granted to the client. */
  readonly #granted = new Map<number, number>();
  #hello = serverHello();
  /** The HELLO frames as they were sent. */
  #said: Buffer = Buffer.alloc(0);
  #heard: Buffer = Buffer.alloc(0);
  #client: Messages['HELLO'] | undefined;
  #offered = false;
  #authenticated = false;
  #received = 0;
  #spent = 0;
  #lastStream = 0;
  #token = 0;
  #authsCame = 0;
  /** A server that is told to answer no PING does not look alive. */
  answersPings = true;
  /** The client has been told, and has shown that it knows, that no stream may be opened any more. */
  mayOpen = true;

  constructor(transport: Transport, attend: Attendant) {
    this.transport = transport;
    this.#inbox = new FrameInbox(transport, {
      sender: 'client',
      maxDataPayload: () => Number(this.#hello.maxDataPayload),
      onFrame: (judged) => this.#onFrame(judged),
    });
    this.#attend = attend;
  }

  /** What the client offered. @throws Violation before it has. */
  get client(): Messages['HELLO'] {
    if (this.#client === undefined) throw new Violation([], 'the client has not said HELLO');
    return this.#client;
  }

  get lastStream(): number {
    return this.#lastStream;
  }

  /** File bytes that came, of all streams. */
  get received(): number {
    this.pump();
    return this.#received;
  }

  /** Bytes of DATA and pages that were sent, of all streams. */
  get spent(): number {
    return this.#spent;
  }

  // ------------------------------------------------------------------ handshake

  /** Sends preface and HELLO. */
  greet(hello: Loose<'HELLO'> = {}): void {
    this.send(PREFACE, this.helloBytes(hello));
  }

  /** HELLO alone, with what is to be different in it. */
  helloBytes(hello: Loose<'HELLO'> = {}): Buffer {
    this.#hello = { ...this.#hello, ...(hello as Partial<Messages['HELLO']>) };
    this.#granted.set(0, Number(this.#hello.connectionWindow));
    this.#offered = true;
    this.#said = frame('HELLO', 0, this.#hello);
    return this.#said;
  }

  /** Takes HELLO and answers it. */
  async greeting(hello: Loose<'HELLO'> = {}): Promise<this> {
    await this.receive('HELLO');
    this.greet(hello);
    return this;
  }

  /** Shakes hands until the client waits to hear that it is who it says. */
  async authenticating(hello: Loose<'HELLO'> = {}): Promise<this> {
    await this.greeting(hello);
    await this.receive('AUTH');
    return this;
  }

  /** Shakes hands until operations may start. */
  async handshake(hello: Loose<'HELLO'> = {}): Promise<this> {
    await this.authenticating(hello);
    this.admit();
    return this;
  }

  /** Somebody to judge how the client logs in, once both ends have said HELLO. */
  witness(credentials: Credentials): Witness {
    return new Witness({
      credentials,
      hellos: Buffer.concat([this.#heard, this.#said]),
      exporter: this.transport.exporter,
    });
  }

  /** AUTH with a step that is not the last. */
  ask(data: Uint8Array | undefined): void {
    this.send(frame('AUTH', 0, { step: 'continue', data }));
  }

  /** AUTH with success. */
  admitting(auth: Loose<'AUTH'> = {}): Buffer {
    this.#authenticated = true;
    return frame('AUTH', 0, { step: 'success', principal: 'anonymous', ...auth });
  }

  admit(auth: Loose<'AUTH'> = {}): void {
    this.send(this.admitting(auth));
  }

  // ------------------------------------------------------------------ sending

  /** Bytes as they are. */
  send(...parts: readonly Uint8Array[]): void {
    this.transport.send(...parts);
  }

  accept(stream: number, values: Loose<'ACCEPT'> = {}): void {
    this.send(this.accepting(stream, values));
  }

  accepting(stream: number, values: Loose<'ACCEPT'> = {}): Buffer {
    this.#streams.get(stream)?.said('R_ACCEPT', Number(values.offset ?? 0));
    return frame('ACCEPT', stream, { offset: 0, epoch: 0, ...values });
  }

  /** ACCEPT of a download of such a file. */
  acceptingFile(stream: number, file: Uint8Array, values: Loose<'ACCEPT'> = {}): Buffer {
    return this.accepting(stream, { size: file.length, mtime: 1_000_000, ...values });
  }

  /** A DATA frame, whatever the credit. */
  dataBytes(stream: number, bytes: Uint8Array): Buffer {
    this.#spend(stream, bytes.length);
    this.#streams.get(stream)?.said('R_DATA');
    return dataFrame(stream, bytes);
  }

  data(stream: number, bytes: Uint8Array): void {
    this.send(this.dataBytes(stream, bytes));
  }

  endBytes(stream: number, file: Uint8Array, values: Loose<'END'> = {}): Buffer {
    this.#streams.get(stream)?.said('R_END');
    return frame('END', stream, { length: file.length, digest: treeDigest(file), ...values });
  }

  entriesBytes(stream: number, entries: readonly (Entry | Uint8Array)[]): Buffer {
    const bytes = frame('ENTRY', stream, { entries: entries as readonly Entry[] });
    this.#spend(stream, bytes.length - 10);
    this.#streams.get(stream)?.said('R_ENTRY');
    return bytes;
  }

  entries(stream: number, entries: readonly (Entry | Uint8Array)[]): void {
    this.send(this.entriesBytes(stream, entries));
  }

  resultBytes(stream: number, values: Loose<'RESULT'> = {}): Buffer {
    const { status = 0 } = values;
    this.#streams.get(stream)?.said(status === 0 ? 'R_SUCCESS' : 'R_FAILURE');
    return frame('RESULT', stream, { status, effect: status === 0 ? 'applied' : 'none', ...values });
  }

  result(stream: number, values: Loose<'RESULT'> = {}): void {
    this.send(this.resultBytes(stream, values));
  }

  /** RESULT with a failure. */
  refuse(stream: number, code: string, values: Loose<'RESULT'> = {}): void {
    this.result(stream, { status: codeNumber(code), ...values });
  }

  resetBytes(stream: number, values: Loose<'RESET'> = {}): Buffer {
    this.#streams.get(stream)?.said('R_RESET');
    return frame('RESET', stream, { code: codeNumber('CANCELLED'), finalOffset: 0, ...values });
  }

  reset(stream: number, values: Loose<'RESET'> = {}): void {
    this.send(this.resetBytes(stream, values));
  }

  /** Notes that so much was granted, by whatever bytes. */
  granted(stream: number, limit: number): void {
    this.#granted.set(stream, Math.max(limit, this.#granted.get(stream) ?? 0));
  }

  credit(stream: number, limit: number): void {
    this.granted(stream, limit);
    this.send(frame('CREDIT', stream, { limit }));
  }

  /** A PING; its PONG is waited for by `barrier` and judged wherever it comes. */
  pingBytes(): Buffer {
    this.#token += 1;
    this.#pings.push(this.#token);
    return frame('PING', 0, { token: this.#token });
  }

  goAwayBytes(code = 'OK', values: Loose<'GOAWAY'> = {}): Buffer {
    return frame('GOAWAY', 0, { code: codeNumber(code), lastStream: this.#lastStream, ...values });
  }

  /** Any message as it stands, noted in no table: for what an honest server would not send. */
  sendRaw(name: MessageName, stream: number, payload: Uint8Array): void {
    this.send(rawFrame(frameType(name), stream, payload));
  }

  #spend(stream: number, count: number): void {
    this.#spent += count;
    const watch = this.#streams.get(stream);
    if (watch !== undefined) watch.spent += count;
  }

  // ------------------------------------------------------------------ receiving

  /** Judges what has come so far. */
  pump(): void {
    this.#inbox.pump();
  }

  /** @throws Violation when something that came breaks a rule. */
  check(): void {
    this.#inbox.check();
  }

  /** @throws Violation when the client has not opened it. */
  stream(id: number): InitiatorWatch {
    this.pump();
    const watch = this.#streams.get(id);
    if (watch === undefined) throw new Violation([], `there is no stream ${id}`);
    return watch;
  }

  get streams(): readonly InitiatorWatch[] {
    this.pump();
    return [...this.#streams.values()];
  }

  /** How many bytes may be sent: of the stream or (0) of the connection, as absolute limits. */
  limitOf(stream: number): number {
    this.pump();
    const initial = stream === 0 ? this.client.connectionWindow : this.client.streamWindow;
    return Math.max(initial, this.#limits.get(stream) ?? 0);
  }

  /** How many bytes may be sent on the stream now. */
  roomOn(stream: number): number {
    return Math.min(this.limitOf(stream) - this.stream(stream).spent, this.limitOf(0) - this.#spent);
  }

  /** Takes the first frame of that kind that came or comes. */
  async receive<N extends Frame['name']>(name: N, stream?: number): Promise<FrameNamed<N>> {
    return (await this.receiveAny([name], stream)) as FrameNamed<N>;
  }

  /** Takes the first frame that is of one of these kinds. */
  async receiveAny(names: readonly Frame['name'][], stream?: number): Promise<Frame> {
    const what = `${names.join(' or ')}${stream === undefined ? '' : ` on stream ${stream}`}`;
    let found: Frame | undefined;
    await this.until(
      () => {
        found = this.#inbox.take(names, stream);
        return found !== undefined;
      },
      what,
      names.includes('GOAWAY'),
    );
    return found as Frame;
  }

  /** Whether such a frame has come that nobody took. */
  hears(name: Frame['name']): boolean {
    this.check();
    return this.#inbox.frames.some((each) => each.name === name);
  }

  /** Waits until `done`, as long as the connection goes on. */
  async until(done: () => boolean, what: string, goAwayIsFine = false): Promise<void> {
    await this.transport.until(() => {
      this.check();
      if (done()) return true;
      if (!goAwayIsFine) this.#inbox.checkGoAway(`instead of ${what}`);
      if (this.transport.ended) throw new Violation([], `the client ended the transport instead of ${what}`);
      return false;
    }, what);
  }

  /** Waits for the OPEN of that operation; others are answered on the way. */
  opened(operation: string): Promise<InitiatorWatch> {
    return this.openedAny([operation]);
  }

  /** As `opened`; undefined when the client ends the connection instead. */
  async openedUnlessEnded(operation: string): Promise<InitiatorWatch | undefined> {
    await this.transport.until(() => {
      this.check();
      return (
        this.transport.ended || this.#inbox.frames.some(({ name }) => name === 'OPEN' || name === 'GOAWAY')
      );
    }, `OPEN of ${operation}, or the end`);
    return this.#inbox.frames.some(({ name }) => name === 'OPEN') ? this.opened(operation) : undefined;
  }

  /** Waits for the OPEN of one of these operations. */
  async openedAny(operations: readonly string[]): Promise<InitiatorWatch> {
    let found: InitiatorWatch | undefined;
    await this.until(
      () => {
        const open = this.#inbox.takeFirst(
          (each) =>
            each.name === 'OPEN' && operations.includes(this.#streams.get(each.stream)?.operation as string),
        );
        if (open === undefined) return false;
        found = this.#streams.get(open.stream);
        return true;
      },
      `OPEN of ${operations.join(' or ')}`,
    );
    return found as InitiatorWatch;
  }

  #onFrame(judged: Frame): void {
    const { name, stream } = judged;
    this.#judgeOrder(name);
    switch (name) {
      case 'HELLO':
        this.#heard = rawFrame(frameType('HELLO'), stream, judged.payload);
        this.#onHello(judged.message);
        break;
      case 'AUTH':
        this.#onAuth(judged.message);
        break;
      case 'PING':
        if (this.answersPings) this.send(frame('PONG', 0, { token: judged.message.token }));
        else if (this.#inbox.frames.filter((each) => each.name === 'PING').length >= 32)
          throw new Violation(['FX-18.1-3'], 'more than 32 PINGs are unanswered');
        if (this.answersPings) return;
        break;
      case 'PONG':
        if (this.#pings.shift() !== judged.message.token)
          throw new Violation(['FX-18.1-1'], `PONG ${judged.message.token} answers no PING, or another one`);
        break;
      case 'CREDIT':
        this.#onCredit(stream, judged.message.limit);
        break;
      case 'GOAWAY':
        this.#inbox.goAway = judged.message;
        if (judged.message.lastStream > this.#lastStream)
          throw new Violation(['FX-17.2-5'], `GOAWAY has seen stream ${judged.message.lastStream}`);
        break;
      case 'OPEN':
        return this.#onOpen(judged);
      default:
        this.#onStreamFrame(judged);
    }
    this.#inbox.frames.push(judged);
  }

  /** What the table of the connection says of the client's events. */
  #judgeOrder(name: Frame['name']): void {
    if (name === 'GOAWAY') {
      if (this.#client === undefined)
        throw new Violation(['FX-3.1-2'], 'the client sent GOAWAY before HELLO');
      return;
    }
    if (name === 'HELLO') {
      if (this.#client !== undefined) throw new Violation(['FX-6.1-1'], 'the client said HELLO twice');
    } else if (this.#client === undefined) {
      throw new Violation(['FX-3.1-2', 'FX-6.1-1'], `the client sent ${name} before HELLO`);
    } else if (name !== 'AUTH' && !this.#authenticated) {
      throw new Violation(['FX-6.1-2'], `the client sent ${name} before it was told success`);
    } else if (name === 'AUTH' && (this.#authenticated || !this.#offered)) {
      throw new Violation(['FX-6.1-2'], 'the client sent AUTH where the table does not allow it');
    }
  }

  #onHello(hello: Messages['HELLO']): void {
    this.#client = hello;
    if (!hello.versions.includes(1))
      throw new Violation(['FX-6.2-1'], `the client speaks the versions ${hello.versions.join(', ')}, not 1`);
    if (!hello.digests.includes(1)) throw new Violation(['FX-6.2-2'], 'the client does not list sha256');
    if (hello.mechanisms !== undefined)
      throw new Violation(['FX-6.2-7'], 'the client lists mechanisms, which only a server offers');
    for (const [field, limit] of Object.entries(limitNames)) {
      const offered = hello[field as keyof typeof limitNames];
      if (offered < floorOf(limit))
        throw new Violation(['FX-6.2-5'], `the client offers ${field} ${offered}, below the floor`);
    }
  }

  #onAuth({ mechanism }: Messages['AUTH']): void {
    this.#authsCame += 1;
    const offered = this.#hello.mechanisms ?? [];
    if (this.#authsCame > 1) {
      if (mechanism !== undefined)
        throw new Violation(['FX-6.3-2'], 'the client names a mechanism after "continue"');
      return;
    }
    if (mechanism === undefined) throw new Violation(['FX-6.3-1'], 'the client names no mechanism');
    if (!offered.includes(mechanism))
      throw new Violation(['FX-6.3-5'], `the client uses ${shown(mechanism)}, which was not offered`);
  }

  #onOpen(judged: FrameNamed<'OPEN'>): void {
    const { message: open, stream } = judged;
    if (stream % 2 === 0 || stream <= this.#lastStream)
      throw new Violation(['FX-7.1-1'], `stream ${stream} after stream ${this.#lastStream}`);
    if (!this.mayOpen) throw new Violation(['FX-17.2-3'], `OPEN on stream ${stream} after GOAWAY`);
    if (this.#inbox.goAway !== undefined) throw new Violation(['FX-17.2-3'], 'OPEN after its own GOAWAY');
    const running = [...this.#streams.values()].filter(({ counts }) => counts).length;
    if (running >= Number(this.#hello.maxStreams))
      throw new Violation(['FX-7.1-2'], `${running + 1} streams at once, ${this.#hello.maxStreams} may be`);
    const watch = new InitiatorWatch(stream, open);
    this.#judgeOpen(watch);
    this.#lastStream = stream;
    this.#streams.set(stream, watch);
    this.#granted.set(stream, Number(this.#hello.streamWindow));
    const answer = this.#attend(open, watch.operation);
    if (answer !== undefined) this.result(stream, answer);
    else this.#inbox.frames.push(judged);
  }

  #judgeOpen({ open, operation, machine }: InitiatorWatch): void {
    const { algorithm, offset = 0, prefix, size, operationId } = open;
    if (algorithm !== undefined) {
      const number = specification.words['digest algorithm']?.[algorithm] as number;
      if (![this.client.digests, this.#hello.digests].every((list) => list.includes(number)))
        throw new Violation(['FX-7.2-6'], `OPEN asks for ${algorithm}, which not both ends have listed`);
    }
    if (machine === 'download' && offset > 0 !== (prefix !== undefined))
      throw new Violation(['FX-12.4-1'], 'OPEN of a download has one of "offset" and "prefix" only');
    if (machine === 'upload' && size !== undefined && offset > size)
      throw new Violation(['FX-12.2-2'], `OPEN asks to go on at ${offset} of ${size} bytes`);
    for (const other of this.#streams.values()) {
      if (other.open.operationId.equals(operationId) && other.operation !== operation)
        throw new Violation(['FX-7.2-3'], `the operation id of ${other.operation} was used for ${operation}`);
    }
  }

  #onCredit(stream: number, limit: number): void {
    if (stream !== 0) {
      const watch = this.#streams.get(stream);
      if (watch === undefined)
        throw new Violation(['FX-7.1-3'], `CREDIT on stream ${stream}, which was never opened`);
      if (!watch.takesCredit)
        throw new Violation(['FX-13.2-6'], `CREDIT for the ${watch.operation} on stream ${stream}`);
      if (limit - watch.spent > capOf('maxStreamWindow'))
        throw new Violation(['FX-13.2-2'], `CREDIT of ${limit} on stream ${stream}, far beyond its cap`);
    } else if (limit - this.#spent > capOf('maxConnectionWindow')) {
      throw new Violation(['FX-13.2-2'], `CREDIT of ${limit} for the connection, far beyond its cap`);
    }
    this.#limits.set(stream, Math.max(limit, this.#limits.get(stream) ?? 0));
  }

  #onStreamFrame(judged: Frame): void {
    const { name, stream } = judged;
    const watch = this.#streams.get(stream);
    if (watch === undefined)
      throw new Violation(['FX-7.1-3'], `${name} on stream ${stream}, which was never opened`);
    watch.heard(judged);
    if (judged.name !== 'DATA') return;
    this.#received += judged.payload.length;
    if (watch.received > (this.#granted.get(stream) ?? 0))
      throw new Violation(
        ['FX-13.1-3'],
        `stream ${stream} got ${watch.received} bytes, more than its credit`,
      );
    if (this.#received > (this.#granted.get(0) ?? 0))
      throw new Violation(['FX-13.1-3'], `the connection got ${this.#received} bytes, more than its credit`);
  }

  // ------------------------------------------------------------------ expectations

  /** Waits until the client has seen everything that was sent before: it answers a PING. */
  async barrier(): Promise<void> {
    this.send(this.pingBytes());
    const token = this.#token;
    await this.until(() => this.#inbox.takePong(token), 'PONG');
  }

  /** The client says nothing for a while. */
  async expectSilence(): Promise<void> {
    const before = this.transport.received;
    await this.transport.listen(bounds.silence);
    this.check();
    if (this.transport.received > before)
      throw new Violation([], `the client sent ${this.transport.received - before} bytes`);
    if (this.transport.ended) throw new Violation([], 'the client ended the transport');
  }

  /** GOAWAY with one of these codes, nothing after it, and the end of the transport. */
  async expectFault(...codes: readonly string[]): Promise<void> {
    await this.expectFaultCode(await this.receive('GOAWAY'), ...codes);
  }

  /** As `expectFault`, when GOAWAY was received already. */
  async expectFaultCode(came: Frame, ...codes: readonly string[]): Promise<void> {
    FrameInbox.expectCode(came as FrameNamed<'GOAWAY'>, codes);
    await this.expectEnd('the end of the transport after GOAWAY');
  }

  /** The client ends the transport; what it says before is judged. */
  async expectEnd(what = 'the end of the transport'): Promise<void> {
    await this.transport.until(() => {
      this.check();
      return this.transport.ended;
    }, what);
    this.check();
    if (this.transport.left.length > 0)
      throw new Violation(['FX-17.1-1'], 'part of a frame came before the end of the transport');
    this.transport.end();
  }

  /** The client ends the transport, and has nothing to say any more. */
  async expectNoAnswer(rule: string): Promise<void> {
    this.check();
    const seen = new Set(this.#inbox.frames);
    await this.expectEnd();
    const more = this.#inbox.frames.find((each) => !seen.has(each) && each.name !== 'HELLO');
    if (more !== undefined) throw new Violation([rule], `the client answered with ${more.name}`);
  }

  /** The client gives up the stream, or the whole connection with one of these codes. */
  async expectGivenUp(stream: number, ...codes: readonly string[]): Promise<'RESET' | 'GOAWAY'> {
    const came = await this.receiveAny(['RESET', 'GOAWAY'], undefined);
    if (came.name === 'GOAWAY') {
      const name = codeName(came.message.code);
      if (codes.includes(name)) return 'GOAWAY';
      throw new Violation([], `GOAWAY ${name}, not ${codes.join(' or ')} nor RESET`);
    }
    if (came.stream !== stream) throw new Violation([], `RESET of stream ${came.stream}, not ${stream}`);
    return 'RESET';
  }

  /**
   * Waits until so many file bytes came that no more is left of the limit than a client may wait with (FX-13.1-4): it need
   * not send before half a window is there.
   */
  async untilBlocked(limit: number): Promise<void> {
    const least = limit - LEAST_CREDIT;
    await this.until(() => this.received > least, `nearly the ${limit} bytes that there is credit for`);
  }

  // ------------------------------------------------------------------ whole operations

  /**
   * Sends file bytes as the client's credit allows; on a stream that was given up its own is not given back, and what is
   * left of it is not looked at.
   */
  async sendData(stream: number, bytes: Uint8Array, { connectionOnly = false } = {}): Promise<void> {
    const room = (): number => (connectionOnly ? this.limitOf(0) - this.#spent : this.roomOn(stream));
    for (let sent = 0; sent < bytes.length; ) {
      await this.until(() => room() > 0, `credit on stream ${connectionOnly ? 0 : stream}`);
      const piece = bytes.subarray(sent, sent + Math.min(room(), this.client.maxDataPayload, 65_536));
      this.data(stream, piece);
      sent += piece.length;
    }
  }

  /** Gives a whole file, honestly. */
  async serveFile(stream: number, file: Uint8Array, accept: Loose<'ACCEPT'> = {}): Promise<void> {
    this.send(this.acceptingFile(stream, file, accept));
    await this.sendData(stream, file.subarray(Number(accept.offset ?? 0)));
    this.send(this.endBytes(stream, file), this.resultBytes(stream, { effect: 'none', outcome: 'read' }));
  }

  /** Gives a whole listing, honestly. */
  serveListing(stream: number, entries: readonly Entry[]): void {
    this.send(this.entriesBytes(stream, entries), this.resultBytes(stream, { effect: 'none' }));
  }

  /** Waits for END of an upload. */
  async ended(stream: number): Promise<Messages['END']> {
    const { message } = await this.receive('END', stream);
    return message;
  }

  /** Takes a whole upload, honestly, and returns its bytes. */
  async takeFile(stream: number, result: Loose<'RESULT'> = {}): Promise<Buffer> {
    await this.ended(stream);
    this.result(stream, { outcome: 'created', etag: 'v1', ...result });
    return this.stream(stream).bytes;
  }
}
