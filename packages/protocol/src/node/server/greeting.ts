import type { Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { acceptTls } from '../tls/accept.js';
import { TLS_FIRST_BYTE } from '../tls/settings.js';

/** What somebody turned out to speak; `undefined` when they have gone. */
export type Greeted =
  | { readonly plaintext: Buffer | undefined; readonly secure?: undefined }
  | { readonly secure: TLSSocket; readonly plaintext?: undefined }
  | undefined;

/** Tells TLS and plaintext apart by the first byte, and answers the TLS handshake. */
export class Greeting {
  readonly #socket: Socket;
  /** Set until something was read. */
  #stopWaiting: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @throws when the TLS handshake fails; the socket is of no use then. */
  async run(context: () => SecureContext): Promise<Greeted> {
    const first = await this.#firstBytes();
    if (first === undefined) return this.#socket.destroyed ? undefined : { plaintext: undefined };
    if (first[0] !== TLS_FIRST_BYTE) return { plaintext: first };
    this.#socket.unshift(first);
    return { secure: await acceptTls(this.#socket, context()) };
  }

  /**
   * There is no more time. Who has said nothing yet may be told why, in plaintext; who is in the middle of TLS would not
   * understand that.
   */
  interrupt(): void {
    if (this.#stopWaiting === undefined) this.#socket.destroy();
    else this.#stopWaiting();
  }

  /** Undefined when none will come, or nobody waits for them any more. */
  #firstBytes(): Promise<Buffer | undefined> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const settle = (bytes: Buffer | undefined): void => {
        if (this.#stopWaiting === undefined) return;
        this.#stopWaiting = undefined;
        socket.removeListener('data', onData);
        socket.pause();
        resolve(bytes);
      };
      const onData = settle as (chunk: Buffer) => void;
      this.#stopWaiting = () => settle(undefined);
      // Stays: an error that finds nobody would end the process.
      socket.on('error', () => settle(undefined));
      socket.once('close', () => settle(undefined));
      socket.once('end', () => {
        if (this.#stopWaiting !== undefined) socket.destroy();
      });
      socket.on('data', onData);
      socket.resume();
    });
  }
}
