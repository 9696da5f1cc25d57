import { randomBytes } from 'node:crypto';
import { connect as dial, type Socket } from 'node:net';
import { connect as dialTls, type TLSSocket } from 'node:tls';
import { clientFinal, clientFirst, freshNonce, readChallenge } from './scram.js';
import {
  data,
  type Frame,
  FrameCutter,
  type FrameName,
  frame,
  message,
  type OperationName,
  operations,
  PREFACE,
  rawFrame,
  told,
  treeDigest,
  types,
  type Values,
} from './wire.js';

/** Milliseconds that any single answer may take. */
const PATIENCE = 20_000;
/** Frames of which nothing is kept, lest the attacker run out of memory before its victim does. */
const MAX_KEPT = 20_000;

export interface DialOptions {
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** The address to come from. */
  readonly from?: string | undefined;
  readonly tls?: boolean | undefined;
}

export interface User {
  readonly name: string;
  readonly passcode: string;
}

export const exporterOf = (socket: TLSSocket): Buffer =>
  socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));

/** One connection of a client that obeys no rule. Nothing that it sends is checked. */
export class HostileClient {
  readonly socket: Socket;
  readonly #cutter = new FrameCutter();
  readonly #frames: Frame[] = [];
  readonly #hellos: { client: Buffer; server: Buffer } = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  #prefaced = false;
  #lastStream = -1;
  #ended = false;
  #failure: NodeJS.ErrnoException | undefined;
  #wake: (() => void)[] = [];
  /** Whether PINGs are answered, as an honest client does. */
  answersPings = true;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#cutter.push(chunk);
      this.#cut();
      this.#tell();
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', (error) => {
      this.#failure ??= error;
      this.#end();
    });
  }

  /** Connects; under TLS, the handshake has been done, too. Rejects when that cannot be. */
  static connect({ port, host = '127.0.0.1', from, tls = false }: DialOptions): Promise<HostileClient> {
    const where = { port, host, allowHalfOpen: true, ...(from === undefined ? {} : { localAddress: from }) };
    return new Promise((resolve, reject) => {
      const plain = dial(where);
      plain.setTimeout(PATIENCE, () => plain.destroy(new Error(`no connection in ${PATIENCE} ms`)));
      const socket: Socket = tls
        ? dialTls({ socket: plain, rejectUnauthorized: false, ALPNProtocols: ['filex/1'] })
        : plain;
      plain.once('error', reject);
      socket.once('error', reject);
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        plain.setTimeout(0);
        plain.off('error', reject);
        socket.off('error', reject);
        // Under TLS, what happens to the plain socket is told by the other one as well.
        if (tls) plain.on('error', () => undefined);
        resolve(new HostileClient(socket));
      });
    });
  }

  // ------------------------------------------------------------------ sending

  send(...parts: readonly Uint8Array[]): this {
    if (this.socket.writable) this.socket.write(Buffer.concat(parts));
    return this;
  }

  frame(name: FrameName, stream: number, values: Values): this {
    return this.send(frame(name, stream, values));
  }

  data(stream: number, bytes: Uint8Array): this {
    return this.send(data(stream, bytes));
  }

  end(stream: number, content: Uint8Array): this {
    return this.frame('END', stream, { length: content.length, digest: treeDigest(content) });
  }

  /** Resolves when the bytes were taken by the operating system, or never can be. */
  flush(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.writable) this.socket.write(bytes, () => resolve());
      else resolve();
    });
  }

  /** Writes the same bytes until the peer has had enough, or `total` bytes are out; returns how many were taken. */
  async pour(bytes: Uint8Array, total: number): Promise<number> {
    let poured = 0;
    while (poured < total && !this.#ended && this.socket.writable) {
      if (!this.socket.write(bytes)) await this.#untilDrained();
      poured += bytes.length;
    }
    return poured;
  }

  /** OPEN on the next stream; returns its number. */
  open(operation: OperationName, values: Values = {}, stream = this.nextStream()): number {
    this.send(this.opening(operation, values, stream));
    return stream;
  }

  opening(operation: OperationName, values: Values, stream: number): Buffer {
    const number = operations[operation];
    return rawFrame(
      types.OPEN,
      stream,
      message('OPEN', { operation: number, operationId: randomBytes(16), ...values }),
    );
  }

  nextStream(): number {
    this.#lastStream += 2;
    return this.#lastStream;
  }

  // ------------------------------------------------------------------ handshake

  /** Sends preface and HELLO. */
  greet(values: Values = {}): this {
    return this.send(PREFACE, this.helloBytes(values));
  }

  helloBytes(values: Values = {}): Buffer {
    this.#hellos.client = frame('HELLO', 0, {
      versions: [1],
      capabilities: [],
      digests: [1],
      maxDataPayload: 1_048_576,
      maxStreams: 256,
      streamWindow: 262_144,
      connectionWindow: 262_144,
      nonce: randomBytes(32),
      agent: 'hostile',
      ...values,
    });
    return this.#hellos.client;
  }

  /** Both HELLO frames as they were sent, the client's first. */
  get hellos(): Buffer {
    return Buffer.concat([this.#hellos.client, this.#hellos.server]);
  }

  /** As far as operations may start, as nobody or as a user. Throws what the server said instead. */
  async enter(user?: User, hello: Values = {}): Promise<this> {
    this.greet(hello);
    await this.receive('HELLO');
    const answer = user === undefined ? await this.anonymous() : await this.login(user);
    if (answer !== 'success') throw new Error(`not let in: ${answer}`);
    return this;
  }

  async anonymous(): Promise<string> {
    this.frame('AUTH', 0, { mechanism: 'ANONYMOUS' });
    return this.authAnswer();
  }

  /** The login of a user, with everything that is right; `success`, or what was said instead. */
  async login({ name, passcode }: User): Promise<string> {
    const secure = 'encrypted' in this.socket;
    const proof = {
      user: name,
      passcode,
      header: secure ? 'p=tls-exporter,,' : 'n,,',
      exporter: secure ? exporterOf(this.socket as TLSSocket) : undefined,
      nonce: freshNonce(),
      hellos: this.hellos,
    };
    this.frame('AUTH', 0, {
      mechanism: secure ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256',
      data: clientFirst(proof),
    });
    const challenge = await this.challenge();
    if (typeof challenge === 'string') return challenge;
    this.frame('AUTH', 0, { data: clientFinal(proof, readChallenge(challenge)) });
    return this.authAnswer();
  }

  /** The data of *continue*, or what was said instead. */
  async challenge(): Promise<Buffer | string> {
    const answer = await this.any(['AUTH', 'GOAWAY']);
    if (typeof answer === 'string') return answer;
    if (answer.name === 'GOAWAY') return told(answer);
    return answer.number('step') === 0 ? (answer.field('data') as Buffer) : 'success';
  }

  async authAnswer(): Promise<string> {
    const answer = await this.challenge();
    return typeof answer === 'string' ? answer : 'continue';
  }

  // ------------------------------------------------------------------ receiving

  /** Everything that came before any frame could: what is not FileX. */
  get foreign(): Buffer {
    return this.#cutter.left;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get kept(): readonly Frame[] {
    return this.#frames;
  }

  /** The next frame of these kinds, on one stream or any; how the connection ended, when that came first. */
  async any(names: readonly FrameName[], stream?: number): Promise<Frame | string> {
    let found: Frame | undefined;
    await this.until(() => {
      const at = this.#frames.findIndex(
        (each) =>
          each.name !== undefined &&
          names.includes(each.name) &&
          (stream === undefined || each.stream === stream),
      );
      if (at >= 0) [found] = this.#frames.splice(at, 1);
      return found !== undefined || this.#ended;
    }, names.join(' or '));
    return found ?? this.ending;
  }

  async receive(name: FrameName, stream?: number): Promise<Frame> {
    const found = await this.any([name, 'GOAWAY'], stream);
    if (typeof found === 'string') throw new Error(`no ${name}: ${found}`);
    if (found.name !== name) throw new Error(`no ${name}: ${told(found)} ${found.text('reason')}`);
    return found;
  }

  /** The last word on a stream, or that of the connection. */
  async answer(stream: number): Promise<string> {
    let found: Frame | undefined;
    await this.until(() => {
      found = this.#frames.find(
        (each) =>
          each.name === 'GOAWAY' ||
          (each.stream === stream && (each.name === 'RESULT' || each.name === 'RESET')),
      );
      return found !== undefined || this.#ended;
    }, `an answer on stream ${stream}`);
    return found === undefined ? this.ending : told(found);
  }

  /** The RESULT of a stream, once it came. */
  result(stream: number): Frame | undefined {
    return this.#frames.find((each) => each.stream === stream && each.name === 'RESULT');
  }

  /** The last word of the connection, which must end then, too. */
  async verdict(): Promise<string> {
    const last = await this.any(['GOAWAY']);
    if (typeof last === 'string') return last;
    this.goAwayReason = last.text('reason');
    await this.gone();
    return told(last);
  }
  /** The words that came with the last `verdict`. */
  goAwayReason = '';

  /** Waits until the peer has ended its direction. */
  gone(): Promise<void> {
    return this.until(() => this.#ended, 'the end of the connection');
  }

  /** How the connection ended, where there was no GOAWAY. */
  get ending(): string {
    if (this.#failure === undefined) return 'closed';
    // A kernel that still has unread bytes resets instead of closing.
    return this.#failure.code === 'ECONNRESET' || this.#failure.code === 'EPIPE'
      ? 'closed'
      : String(this.#failure.code ?? this.#failure.message);
  }

  /** Whether the connection still works: an answered PING, or what it says instead. */
  async alive(): Promise<string> {
    this.frame('PING', 0, { token: 4711 });
    const answer = await this.any(['PONG', 'GOAWAY']);
    if (typeof answer === 'string') return answer;
    return answer.name === 'PONG' ? 'alive' : told(answer);
  }

  async until(done: () => boolean, what: string, patience = PATIENCE): Promise<void> {
    const end = performance.now() + patience;
    while (!done()) {
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not within ${patience} ms: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.on('drain', done);
      this.socket.on('close', done);
      this.#wake.push(done);
    });
  }

  #cut(): void {
    if (!this.#prefaced) {
      const { left } = this.#cutter;
      if (left.length < PREFACE.length || !left.subarray(0, PREFACE.length).equals(PREFACE)) return;
      this.#cutter.take(PREFACE.length);
      this.#prefaced = true;
    }
    for (let next = this.#cutter.next(); next !== undefined; next = this.#cutter.next()) {
      if (next.frame.name === 'HELLO') this.#hellos.server = Buffer.from(next.raw);
      if (next.frame.name === 'PING' && this.answersPings)
        this.frame('PONG', 0, { token: next.frame.field('token') });
      else if (this.#frames.length < MAX_KEPT) this.#frames.push(next.frame);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
