import { randomBytes } from 'node:crypto';
import { bounds } from '../bounds.js';
import type { Credentials } from '../login/credentials.js';
import { Login, type LoginChanges, type LoginChannel } from '../login/log-in.js';
import { shown } from '../report/shown.js';
import { codeName, codeNumber, specification } from '../spec/specification.js';
import { dataFrame, frame } from '../wire/encode.js';
import { frameType, PREFACE, rawFrame } from '../wire/frame.js';
import type { Loose, Messages } from '../wire/messages.js';
import { treeDigest } from '../wire/tree-digest.js';
import { Violation } from '../wire/violation.js';
import { FrameInbox } from './frame-inbox.js';
import type { Frame, FrameNamed } from './judge-frame.js';
import { type Asked, StreamWatch } from './stream-watch.js';
import type { Transport } from './transport.js';

/** What this client offers: windows so wide that cases which are not about credit need none. */
export function clientHello(): Messages['HELLO'] {
  const cap = (limit: string): number => specification.limits[limit]?.cap as number;
  return {
    versions: [1],
    capabilities: [],
    digests: [1],
    maxDataPayload: 1_048_576,
    maxStreams: 1,
    streamWindow: cap('initialStreamWindow'),
    connectionWindow: cap('initialConnectionWindow'),
    nonce: randomBytes(32),
    agent: 'filex-conformance',
  };
}

export type OpenValues = Omit<Loose<'OPEN'>, 'operation' | 'operationId'> & {
  readonly operation?: Loose<'OPEN'>['operation'];
  readonly operationId?: Uint8Array;
};

export interface Download {
  readonly accept: Messages['ACCEPT'] | undefined;
  readonly bytes: Buffer;
  readonly end: Messages['END'] | undefined;
  readonly result: Messages['RESULT'];
}

/**
 * A client that may lie. It keeps count of what an honest client would know, judges every frame of the server by it, and
 * sends whatever it is told to.
 */
export class ClientSession {
  readonly transport: Transport;
  /** Who this client is; undefined: nobody in particular. */
  readonly #credentials: Credentials | undefined;
  readonly #streams = new Map<number, StreamWatch>();
  readonly #inbox: FrameInbox;
  readonly #pings: number[] = [];
  readonly #limits = new Map<number, number>();
  /** What was granted to the server: of the connection (0) and of streams. */
  readonly #granted = new Map<number, number>();
  #spent = 0;
  #hello = clientHello();
  #server: Messages['HELLO'] | undefined;
  /** The HELLO frames as they were sent. */
  #said: Buffer = Buffer.alloc(0);
  #heard: Buffer = Buffer.alloc(0);
  #lastStream = 0;
  #token = 0;
  #pingsHeard = 0;
  #open = false;
  /** A client that is told to answer no PING does not look alive. */
  answersPings = true;

  constructor(transport: Transport, credentials?: Credentials) {
    this.transport = transport;
    this.#credentials = credentials;
    this.#inbox = new FrameInbox(transport, {
      sender: 'server',
      maxDataPayload: () => Number(this.#hello.maxDataPayload),
      onFrame: (judged) => this.#onFrame(judged),
    });
  }

  /** What the server offered. @throws Violation before it has. */
  get server(): Messages['HELLO'] {
    if (this.#server === undefined) throw new Violation([], 'the server has not said HELLO');
    return this.#server;
  }

  get nextStream(): number {
    return this.#lastStream === 0 ? 1 : this.#lastStream + 2;
  }

  /** GOAWAY of the server, once it came. */
  get goAway(): Messages['GOAWAY'] | undefined {
    this.pump();
    return this.#inbox.goAway;
  }

  // ------------------------------------------------------------------ handshake

  /** Sends preface and HELLO. */
  greet(hello: Loose<'HELLO'> = {}): void {
    this.send(PREFACE, this.helloBytes(hello));
  }

  /** HELLO alone, with what is to be different in it. */
  helloBytes(hello: Loose<'HELLO'> = {}): Buffer {
    this.#offer(hello);
    this.#said = frame('HELLO', 0, this.#hello);
    return this.#said;
  }

  /** Sends preface, HELLO and AUTH, and waits until operations may start. */
  async handshake(hello: Loose<'HELLO'> = {}): Promise<this> {
    this.greet(hello);
    await this.receive('HELLO');
    await this.authenticate();
    return this;
  }

  /** Logs in as the user of this run, if there is one. */
  async authenticate(): Promise<Messages['AUTH']> {
    const message = await (this.#credentials === undefined
      ? this.beAnonymous()
      : this.#beUser(this.#credentials));
    this.#open = true;
    return message;
  }

  /** Says AUTH ANONYMOUS, and wants to hear success. */
  async beAnonymous(): Promise<Messages['AUTH']> {
    this.transport.send(frame('AUTH', 0, { mechanism: 'ANONYMOUS' }));
    const { message } = await this.receive('AUTH');
    if (message.step !== 'success')
      throw new Violation(['FX-6.3-1'], `AUTH ANONYMOUS was answered with the step ${message.step}`);
    return message;
  }

  async #beUser(credentials: Credentials): Promise<Messages['AUTH']> {
    const success = await this.logIn(credentials);
    if (success === undefined) {
      this.#inbox.checkGoAway('instead of letting the user in');
      throw new Violation(['FX-6.3-1'], 'the server says goodbye instead of letting the user in');
    }
    return success;
  }

  /** Logs in, or tries to. GOAWAY of the server is left for `expectFault`; undefined then. */
  async logIn(credentials: Credentials, changes?: LoginChanges): Promise<Messages['AUTH'] | undefined> {
    const login = this.login(credentials, changes);
    return (await login.first()) === undefined ? undefined : login.last();
  }

  /** The same step by step. */
  login(credentials: Credentials, changes?: LoginChanges): Login {
    return new Login(this.loginChannel(), credentials, changes);
  }

  /** This connection, as far as a login is concerned with it. */
  loginChannel(): LoginChannel {
    return {
      offered: this.server.mechanisms ?? [],
      hellos: Buffer.concat(this.hellos),
      exporter: this.transport.exporter,
      say: (auth) => this.send(frame('AUTH', 0, auth)),
      hear: () => this.#answered(),
    };
  }

  /** The HELLO frames as they were sent. */
  get hellos(): readonly [client: Buffer, server: Buffer] {
    return [this.#said, this.#heard];
  }

  /** AUTH of the server; undefined when it says GOAWAY instead. */
  async #answered(): Promise<Messages['AUTH'] | undefined> {
    let found: Frame | undefined;
    await this.transport.until(() => {
      this.check();
      found = this.#inbox.take(['AUTH'], 0);
      if (found !== undefined || this.#inbox.goAway !== undefined) return true;
      if (this.transport.ended) throw new Violation([], 'the transport ended instead of an answer to AUTH');
      return false;
    }, 'AUTH or GOAWAY');
    return (found as FrameNamed<'AUTH'> | undefined)?.message;
  }

  #offer(hello: Loose<'HELLO'>): void {
    this.#hello = { ...this.#hello, ...(hello as Partial<Messages['HELLO']>) };
    this.#granted.set(0, Number(this.#hello.connectionWindow));
  }

  // ------------------------------------------------------------------ sending

  /** Bytes as they are. */
  send(...parts: readonly Uint8Array[]): void {
    this.transport.send(...parts);
  }

  /** The bytes of an OPEN on the next stream, which is watched from now on. */
  opening(operation: string, values: OpenValues = {}, stream: number = this.nextStream): Buffer {
    const number = (values.operation ?? specification.operations[operation]?.number) as number;
    const message = { operationId: randomBytes(16), ...values, operation: number } as Loose<'OPEN'>;
    this.watch(stream, { ...(values as object), operation: number });
    return frame('OPEN', stream, message);
  }

  /** As `opening`, with a payload of one's own. */
  openingRaw(operation: string, payload: Uint8Array, stream: number = this.nextStream): Buffer {
    this.watch(stream, { operation: specification.operations[operation]?.number as number });
    return rawFrame(frameType('OPEN'), stream, payload);
  }

  /** Sends OPEN; returns its stream. */
  open(operation: string, values: OpenValues = {}): number {
    const stream = this.nextStream;
    this.send(this.opening(operation, values, stream));
    return stream;
  }

  watch(stream: number, asked: Asked): void {
    this.#lastStream = Math.max(this.#lastStream, stream);
    this.#streams.set(stream, new StreamWatch(stream, asked));
    this.#granted.set(stream, Number(this.#hello.streamWindow));
  }

  /** Sends a DATA frame, whatever the credit. */
  data(stream: number, bytes: Uint8Array): void {
    this.send(this.dataBytes(stream, bytes));
  }

  dataBytes(stream: number, bytes: Uint8Array): Buffer {
    this.#streams.get(stream)?.sent('I_DATA', bytes.length);
    return dataFrame(stream, bytes);
  }

  end(stream: number, length: number, digest: Uint8Array): void {
    this.send(this.endBytes(stream, length, digest));
  }

  endBytes(stream: number, length: number, digest: Uint8Array): Buffer {
    this.#streams.get(stream)?.sent('I_END');
    return frame('END', stream, { length, digest });
  }

  reset(stream: number, code = 'CANCELLED', finalOffset = 0): void {
    this.send(this.resetBytes(stream, code, finalOffset));
  }

  resetBytes(stream: number, code = 'CANCELLED', finalOffset = 0): Buffer {
    this.#streams.get(stream)?.sent('I_RESET');
    return frame('RESET', stream, { code: codeNumber(code), finalOffset });
  }

  credit(stream: number, limit: number): void {
    this.#granted.set(stream, Math.max(limit, this.#granted.get(stream) ?? 0));
    this.send(frame('CREDIT', stream, { limit }));
  }

  /** Sends a PING; its PONG is waited for by `barrier` and judged wherever it comes. */
  ping(): number {
    this.send(this.pingBytes());
    return this.#token;
  }

  pingBytes(): Buffer {
    this.#token += 1;
    return this.#pinging(this.#token);
  }

  /** Sends a PING with a token of one's own. */
  pingWith(token: number): void {
    this.send(this.#pinging(token));
  }

  #pinging(token: number): Buffer {
    this.#pings.push(token);
    return frame('PING', 0, { token });
  }

  /** PINGs of the server so far. */
  get pingsHeard(): number {
    this.pump();
    return this.#pingsHeard;
  }

  goodbye(): void {
    this.send(frame('GOAWAY', 0, { code: 0, lastStream: 0 }));
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

  /** The state of a stream, by what was sent and what came. */
  stateOf(stream: number): string | undefined {
    this.pump();
    return this.#streams.get(stream)?.state;
  }

  /** How many bytes may be sent: of the stream or (0) of the connection, as absolute limits. */
  limitOf(stream: number): number {
    this.pump();
    const initial = stream === 0 ? this.server.connectionWindow : this.server.streamWindow;
    return Math.max(initial, this.#limits.get(stream) ?? 0);
  }

  /** Takes the first frame of that kind that came or comes. */
  async receive<N extends Frame['name']>(name: N, stream?: number): Promise<FrameNamed<N>> {
    const found = await this.receiveAny([name], stream);
    return found as FrameNamed<N>;
  }

  /** Takes the first frame that is of one of these kinds. */
  async receiveAny(names: readonly Frame['name'][], stream?: number): Promise<Frame> {
    const what = `${names.join(' or ')}${stream === undefined ? '' : ` on stream ${stream}`}`;
    let found: Frame | undefined;
    await this.transport.until(() => {
      this.check();
      found = this.#inbox.take(names, stream);
      if (found !== undefined) return true;
      const { ended } = this.transport;
      if (!names.includes('GOAWAY')) this.#inbox.checkGoAway(`instead of ${what}`);
      if (ended) throw new Violation([], `the transport ended instead of ${what}`);
      return false;
    }, what);
    return found as Frame;
  }

  /** Frames that came and nobody took. */
  get untaken(): readonly Frame[] {
    this.pump();
    return this.#inbox.frames;
  }

  /** Takes all frames of that kind that have come. */
  takeAll<N extends Frame['name']>(name: N, stream?: number): FrameNamed<N>[] {
    const all: FrameNamed<N>[] = [];
    this.pump();
    for (;;) {
      const found = this.#inbox.take([name], stream);
      if (found === undefined) return all;
      all.push(found as FrameNamed<N>);
    }
  }

  #onFrame(judged: Frame): void {
    const { name, stream } = judged;
    if (this.#server === undefined && name !== 'HELLO' && name !== 'GOAWAY')
      throw new Violation(['FX-6.1-1'], `the server sent ${name} before HELLO`);
    switch (name) {
      case 'HELLO':
        if (this.#server !== undefined) throw new Violation(['FX-6.1-1'], 'the server said HELLO twice');
        this.#server = judged.message;
        this.#heard = rawFrame(frameType('HELLO'), stream, judged.payload);
        break;
      case 'PING':
        this.#pingsHeard += 1;
        if (this.answersPings) this.send(frame('PONG', 0, { token: judged.message.token }));
        return;
      case 'PONG':
        if (this.#pings.shift() !== judged.message.token)
          throw new Violation(['FX-18.1-1'], `PONG ${judged.message.token} answers no PING, or another one`);
        break;
      case 'CREDIT':
        this.#limits.set(stream, Math.max(judged.message.limit, this.#limits.get(stream) ?? 0));
        break;
      case 'GOAWAY':
        this.#inbox.goAway = judged.message;
        if (judged.message.lastStream > this.#lastStream)
          throw new Violation(['FX-17.2-5'], `GOAWAY has seen stream ${judged.message.lastStream}`);
        break;
      default:
        break;
    }
    if (stream !== 0) this.#onStreamFrame(judged);
    this.#inbox.frames.push(judged);
  }

  #onStreamFrame(judged: Frame): void {
    const { name, stream } = judged;
    const watch = this.#streams.get(stream);
    if (watch === undefined)
      throw new Violation(['FX-7.1-3'], `${name} on stream ${stream}, which was never opened`);
    if (name === 'CREDIT') return;
    const before = watch.spent;
    watch.heard(judged);
    this.#spent += watch.spent - before;
    if (watch.spent > (this.#granted.get(stream) ?? 0))
      throw new Violation(['FX-13.1-3'], `stream ${stream} got ${watch.spent} bytes, more than its credit`);
    if (this.#spent > (this.#granted.get(0) ?? 0))
      throw new Violation(['FX-13.1-3'], `the connection got ${this.#spent} bytes, more than its credit`);
  }

  // ------------------------------------------------------------------ expectations

  /** Waits until the server has seen everything that was sent before: it answers a PING. */
  async barrier(): Promise<void> {
    const token = this.ping();
    await this.transport.until(() => {
      this.check();
      if (this.#inbox.takePong(token)) return true;
      this.#inbox.checkGoAway('where there is no fault');
      if (this.transport.ended) throw new Violation([], 'the transport ended where there is no fault');
      return false;
    }, 'PONG');
  }

  /** The connection works as if nothing had happened. */
  async expectAlive(): Promise<void> {
    if (this.#open) return this.barrier();
    await this.authenticate();
  }

  /** The server says nothing for a while. */
  async expectSilence(): Promise<void> {
    const before = this.transport.received;
    await this.transport.listen(bounds.silence);
    if (this.transport.received > before)
      throw new Violation([], `the server sent ${this.transport.received - before} bytes`);
    if (this.transport.ended) throw new Violation([], 'the server ended the transport');
  }

  /** GOAWAY with one of these codes, nothing after it, and the end of the transport. */
  async expectFault(...codes: readonly string[]): Promise<Messages['GOAWAY']> {
    const goAway = await this.receive('GOAWAY');
    FrameInbox.expectCode(goAway, codes);
    await this.transport.untilEnd('the end of the transport after GOAWAY');
    this.check();
    if (this.transport.left.length > 0)
      throw new Violation(['FX-17.1-1'], 'part of a frame came after GOAWAY');
    this.transport.end();
    return goAway.message;
  }

  /** The last word on a stream, which must be a RESULT. */
  async result(stream: number): Promise<Messages['RESULT']> {
    const last = await this.receiveAny(['RESULT', 'RESET'], stream);
    if (last.name === 'RESULT') return last.message;
    const { code, reason = '' } = (last as FrameNamed<'RESET'>).message;
    throw new Violation([], `RESET ${codeName(code)} (${shown(reason)}) on stream ${stream}, not RESULT`);
  }

  /** RESULT with success, and as given. */
  async expectSuccess(
    stream: number,
    expected: { outcome?: string; effect?: string } = {},
  ): Promise<Messages['RESULT']> {
    const result = await this.result(stream);
    if (result.status !== 0)
      throw new Violation([], `RESULT ${codeName(result.status)} (${shown(result.detail ?? '')}), not OK`);
    for (const name of ['outcome', 'effect'] as const) {
      if (expected[name] !== undefined && result[name] !== expected[name])
        throw new Violation([], `RESULT has the ${name} ${result[name]}, not ${expected[name]}`);
    }
    return result;
  }

  /** RESULT with one of these codes. */
  async expectFailure(
    stream: number,
    codes: string | readonly string[],
    effect?: string,
  ): Promise<Messages['RESULT']> {
    const result = await this.result(stream);
    const name = codeName(result.status);
    if (![codes].flat().includes(name))
      throw new Violation(
        [],
        `RESULT ${name} (${shown(result.detail ?? result.outcome ?? '')}), not ${[codes].flat().join(' or ')}`,
      );
    if (effect !== undefined && result.effect !== effect)
      throw new Violation([], `RESULT ${name} with the effect ${result.effect}, not ${effect}`);
    return result;
  }

  // ------------------------------------------------------------------ whole operations

  /** Sends OPEN for a call and returns its RESULT. */
  call(operation: string, values: OpenValues): Promise<Messages['RESULT']> {
    return this.result(this.open(operation, values));
  }

  /** Sends file bytes as the credit allows. */
  async sendData(stream: number, bytes: Uint8Array): Promise<void> {
    let sent = 0;
    while (sent < bytes.length) {
      const spentBefore = this.#uploaded.get(stream) ?? 0;
      const room = (): number =>
        Math.min(
          this.limitOf(stream) - spentBefore,
          this.limitOf(0) - this.#uploadedInAll,
          this.server.maxDataPayload,
        );
      await this.transport.until(() => {
        this.check();
        if (this.#inbox.goAway !== undefined || this.transport.ended)
          throw new Violation([], 'the connection ended while a file was sent');
        return room() > 0 || this.stateOf(stream) === 'closed' || this.stateOf(stream) === 'settled';
      }, `credit on stream ${stream}`);
      if (room() <= 0) return;
      const piece = bytes.subarray(sent, sent + room());
      this.#uploaded.set(stream, spentBefore + piece.length);
      this.#uploadedInAll += piece.length;
      this.data(stream, piece);
      sent += piece.length;
    }
  }

  readonly #uploaded = new Map<number, number>();
  #uploadedInAll = 0;

  /** Sends a whole file, honestly, and returns the RESULT. */
  async upload(path: string, file: Uint8Array, values: OpenValues = {}): Promise<Messages['RESULT']> {
    const stream = this.open('upload', { path, size: file.length, ...values });
    await this.sendData(stream, file);
    if (this.stateOf(stream) !== 'closed') this.end(stream, file.length, treeDigest(file));
    return this.result(stream);
  }

  /** Asks for a file and takes all that comes, granting credit when the windows are small. */
  async download(path: string, values: OpenValues = {}): Promise<Download> {
    return this.downloaded(this.open('download', { path, ...values }));
  }

  /** Takes all that comes on the stream of a download. */
  async downloaded(stream: number): Promise<Download> {
    const pieces: Buffer[] = [];
    let accept: Messages['ACCEPT'] | undefined;
    let end: Messages['END'] | undefined;
    for (;;) {
      const came = await this.receiveAny(['ACCEPT', 'DATA', 'END', 'RESULT', 'RESET'], stream);
      switch (came.name) {
        case 'ACCEPT':
          accept = came.message;
          break;
        case 'DATA':
          pieces.push(came.payload);
          break;
        case 'END':
          end = came.message;
          break;
        case 'RESULT':
          return { accept, bytes: Buffer.concat(pieces), end, result: came.message };
        default:
          throw new Violation([], `RESET of a download nobody gave up`);
      }
    }
  }

  /** The entries of a folder, with the RESULT. */
  async list(
    path: string | undefined,
    recursive = false,
  ): Promise<{ entries: Messages['ENTRY']['entries'][number][]; result: Messages['RESULT']; pages: number }> {
    const stream = this.open('list', { path, recursive });
    const result = await this.result(stream);
    const pages = this.takeAll('ENTRY', stream);
    return { entries: pages.flatMap(({ message }) => message.entries), result, pages: pages.length };
  }
}
