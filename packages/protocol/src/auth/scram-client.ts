import { DIGEST_SIZE, digestsEqual } from '../wire/digest.js';
import { decodeUtf8 } from '../wire/utf8.js';
import { toBase64 } from './base64.js';
import {
  bytesOf,
  clientKeyOf,
  exclusiveOr,
  MAX_ITERATIONS,
  MIN_ITERATIONS,
  type ScramCrypto,
  serverKeyOf,
} from './scram-keys.js';
import {
  type ChannelBinding,
  readServerFinal,
  readServerFirst,
  ScramFault,
  type ServerFirst,
  writeClientFinal,
  writeClientFirst,
} from './scram-messages.js';

export interface ScramClientOptions {
  readonly crypto: ScramCrypto;
  /** Prepared; see `prepare`. */
  readonly user: string;
  /** 18 or more printable characters that nobody can guess. */
  readonly nonce: string;
  readonly binding: ChannelBinding;
  /** With `tls-exporter`: the 32 bytes of RFC 9266. */
  readonly bindingData?: Uint8Array | undefined;
  /** The digest of both HELLOs; undefined only where none was said, as in the examples of the RFCs. */
  readonly transcript?: Uint8Array | undefined;
}

/**
 * The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): `first`, then `challenge` says what to derive from
 * the passcode, `prove` answers, and `verify` tells whether the server knew the verifier. Call them in this order.
 */
export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #header: string;
  readonly #bare: string;
  #challenge: { readonly text: string; readonly message: ServerFirst } | undefined;
  #expected: Uint8Array | undefined;

  constructor(options: ScramClientOptions) {
    this.#options = options;
    const { header, bare } = writeClientFirst(options.binding, options.user, options.nonce);
    this.#header = header;
    this.#bare = bare;
  }

  first(): Uint8Array {
    return bytesOf(this.#header + this.#bare);
  }

  /**
   * @returns what to feed PBKDF2-HMAC-SHA-256 with, beside the prepared passcode, for 32 bytes.
   * @throws ScramFault when the server's message is not in order, or asks for too little or too much work.
   */
  challenge(bytes: Uint8Array): { readonly salt: Uint8Array; readonly iterations: number } {
    const message = readServerFirst(bytes);
    const { nonce, salt, iterations } = message;
    if (!nonce.startsWith(this.#options.nonce) || nonce.length === this.#options.nonce.length)
      throw new ScramFault('the server answers to another nonce');
    if (salt.length === 0) throw new ScramFault('the server gives no salt');
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
      throw new ScramFault(
        `${iterations} iterations are not between ${MIN_ITERATIONS} and ${MAX_ITERATIONS}`,
      );
    this.#challenge = { text: decodeUtf8(bytes) as string, message };
    return { salt, iterations };
  }

  /** @param salted what PBKDF2 made, 32 bytes. */
  prove(salted: Uint8Array): Uint8Array {
    if (this.#challenge === undefined) throw new ScramFault('there was no challenge');
    const { crypto, transcript, bindingData = new Uint8Array(0) } = this.#options;
    const { text, message } = this.#challenge;
    const header = bytesOf(this.#header);
    const binding = new Uint8Array(header.length + bindingData.length);
    binding.set(header);
    binding.set(bindingData, header.length);
    const final = writeClientFinal(binding, message.nonce, transcript);
    const said = bytesOf(`${this.#bare},${text},${final}`);
    const clientKey = clientKeyOf(crypto, salted);
    const proof = exclusiveOr(clientKey, crypto.hmac(crypto.hash(clientKey), said));
    this.#expected = crypto.hmac(serverKeyOf(crypto, salted), said);
    return bytesOf(`${final},p=${toBase64(proof)}`);
  }

  /** @throws ScramFault when the server does not know what it should: it is not the one that it poses as. */
  verify(bytes: Uint8Array): void {
    const signature = readServerFinal(bytes);
    const expected = this.#expected;
    if (expected === undefined) throw new ScramFault('nothing was proven yet');
    if (signature.length !== DIGEST_SIZE || !digestsEqual(signature, expected))
      throw new ScramFault('the server does not know the passcode');
  }
}
