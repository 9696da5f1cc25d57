import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { bounds } from '../bounds.js';
import { channelBinding } from '../tls/channel-binding.js';
import { FrameCutter, type RawFrame } from '../wire/frame.js';
import { Violation } from '../wire/violation.js';

/** Bytes both ways on a socket, with a bound on every wait. Knows frames, and no rule about them. */
export class Transport {
  /** Of the key that the peer has shown; undefined in plaintext. */
  readonly fingerprint: string | undefined;
  readonly #socket: Socket;
  /** The TCP connection below: the socket itself, unless that is TLS. */
  readonly #carrier: Socket;
  readonly #cutter = new FrameCutter();
  /** Milliseconds that an answer may take. */
  readonly #timeout: number;
  #received = 0;
  #ended = false;
  #reset = false;
  #closed = false;
  #wake: (() => void)[] = [];

  /**
   * @param timeout milliseconds that an answer may take.
   * @param carrier the TCP connection below a TLS socket.
   * @param fingerprint of the key that the peer has shown in it.
   */
  constructor(socket: Socket, timeout: number, carrier: Socket = socket, fingerprint?: string) {
    this.fingerprint = fingerprint;
    this.#socket = socket;
    this.#carrier = carrier;
    this.#timeout = timeout;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (this.#received > bounds.received) socket.destroy();
      this.#cutter.push(chunk);
      this.#tell();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#tell();
    });
    socket.on('error', () => {
      this.#reset = true;
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#closed = true;
      this.#tell();
    });
  }

  /** What binds this channel inside TLS. */
  get exporter(): Buffer | undefined {
    return this.#socket instanceof TLSSocket ? channelBinding(this.#socket) : undefined;
  }

  /** What was agreed on, and asked for, in the TLS handshake; undefined in plaintext. */
  get tls(): { readonly version: string; readonly alpn: string; readonly serverName: string } | undefined {
    if (!(this.#socket instanceof TLSSocket)) return undefined;
    // The types do not know of the name, which is false where there is none.
    const { servername } = this.#socket as { servername?: string | false };
    return {
      version: this.#socket.getProtocol() ?? '',
      alpn: this.#socket.alpnProtocol || '',
      serverName: servername || '',
    };
  }

  /** Bytes that came so far. */
  get received(): number {
    return this.#received;
  }

  /** Whether the peer has ended its direction. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the peer reset the connection instead of ending it. */
  get reset(): boolean {
    return this.#reset;
  }

  /** Bytes that are no whole frame. */
  get left(): Buffer {
    return this.#cutter.left;
  }

  /** Sends bytes as one write. What cannot be sent any more is dropped: the answer tells why. */
  send(...parts: readonly Uint8Array[]): void {
    if (!this.#socket.writable) return;
    this.#socket.write(Buffer.concat(parts));
  }

  /** Sends bytes one by one, each as a write of its own that has left before the next. */
  async sendEachByte(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) await this.sendAndFlush(Buffer.of(byte));
  }

  /** Sends bytes as one write, and waits until they have left this process. */
  async sendAndFlush(bytes: Uint8Array): Promise<void> {
    if (!this.#socket.writable) return;
    // The turn that follows gives the peer the chance to read them before there are more.
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => setImmediate(resolve));
    });
  }

  /** Ends this direction only. */
  end(): void {
    this.#socket.end();
  }

  /** Reads nothing, until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#carrier.destroy();
  }

  /** Resets the connection, as a machine does that has crashed. */
  resetNow(): void {
    this.#carrier.resetAndDestroy();
    this.#socket.destroy();
  }

  /** Exactly `count` bytes; undefined when the transport ended before. */
  async bytes(count: number, what: string): Promise<Buffer | undefined> {
    let taken: Buffer | undefined;
    await this.until(() => {
      taken = this.#cutter.take(count);
      return taken !== undefined || this.#ended;
    }, what);
    return taken;
  }

  /** Takes exactly `count` bytes off, when they have come. */
  takeBytes(count: number): Buffer | undefined {
    return this.#cutter.take(count);
  }

  /** The first byte that has come and was not taken; undefined when the transport ended before there was one. */
  async firstByte(what: string): Promise<number | undefined> {
    await this.until(() => this.#cutter.left.length > 0 || this.#ended, what);
    return this.#cutter.left[0];
  }

  /** Takes the next whole frame off, when there is one. */
  takeFrame(): RawFrame | undefined {
    return this.#cutter.next();
  }

  /** Waits for the peer to end its direction. */
  async untilEnd(what = 'the end of the transport', timeout = this.#timeout): Promise<void> {
    await this.until(() => this.#ended, what, timeout);
  }

  /** Waits until the transport is gone in both directions. */
  async untilClosed(what = 'the end of the transport in both directions'): Promise<void> {
    await this.until(() => this.#closed, what);
  }

  /** Everything that comes until the peer ends its direction. */
  async rest(what: string): Promise<Buffer> {
    await this.untilEnd(what);
    const { left } = this.#cutter;
    return this.#cutter.take(left.length) as Buffer;
  }

  /**
   * Waits until `done`, which is asked whenever something came.
   * @throws Violation after the bound of an answer.
   */
  async until(done: () => boolean, what: string, timeout = this.#timeout): Promise<void> {
    const end = performance.now() + timeout;
    while (!done()) {
      const left = end - performance.now();
      if (left <= 0) throw new Violation([], `nothing within ${timeout} ms: ${what}`);
      await this.#next(left);
    }
  }

  /** Resolves after `milliseconds`, or earlier when the transport has ended. */
  async listen(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    for (let left = milliseconds; left > 0 && !this.#ended; left = end - performance.now()) {
      await this.#next(left);
    }
  }

  #next(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #tell(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
