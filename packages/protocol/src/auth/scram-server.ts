import { DIGEST_SIZE, digestsEqual } from '../wire/digest.js';
import { toBase64 } from './base64.js';
import { bytesOf, exclusiveOr, type ScramCrypto, type Verifier } from './scram-keys.js';
import {
  type ClientFirst,
  readClientFinal,
  readClientFirst,
  ScramFault,
  writeServerFirst,
} from './scram-messages.js';

export interface ScramServerOptions {
  readonly crypto: ScramCrypto;
  /** 18 or more printable characters that nobody can guess, without a comma. */
  readonly nonce: string;
  /** Whether the client chose SCRAM-SHA-256-PLUS. */
  readonly plus: boolean;
  /** Whether SCRAM-SHA-256-PLUS was offered: a client that says it was not has been lied to. */
  readonly plusOffered: boolean;
  /** The 32 bytes of RFC 9266, under TLS. */
  readonly bindingData?: Uint8Array | undefined;
  /** The digest of both HELLOs, which the client must give too; undefined: it must not. */
  readonly transcript?: Uint8Array | undefined;
}

/**
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): `first` says who asks, `challenge` answers with
 * that user's verifier (or one that only looks like it, for a user there is not), `final` checks the proof.
 */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #first: ClientFirst | undefined;
  #challenge: { readonly text: string; readonly nonce: string; readonly verifier: Verifier } | undefined;

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /**
   * @returns the name of the user, as it was sent.
   * @throws ScramFault
   */
  first(bytes: Uint8Array): string {
    const { plus, plusOffered } = this.#options;
    const first = readClientFirst(bytes);
    if (plus !== (first.binding === 'tls-exporter'))
      throw new ScramFault(plus ? 'PLUS without channel binding' : 'channel binding without PLUS');
    if (first.binding === 'y' && plusOffered)
      throw new ScramFault('somebody on the way has hidden that this server binds channels');
    this.#first = first;
    return first.user;
  }

  challenge(verifier: Verifier): Uint8Array {
    if (this.#first === undefined) throw new ScramFault('there was no first message');
    const nonce = this.#first.nonce + this.#options.nonce;
    const text = writeServerFirst({ nonce, salt: verifier.salt, iterations: verifier.iterations });
    this.#challenge = { text, nonce, verifier };
    return bytesOf(text);
  }

  /**
   * @returns what proves to the client that this server knows the verifier; undefined when the passcode is wrong.
   * @throws ScramFault when the message is not in order, or what it binds is not this connection.
   */
  final(bytes: Uint8Array): Uint8Array | undefined {
    const first = this.#first;
    if (first === undefined || this.#challenge === undefined) throw new ScramFault('there was no challenge');
    const { crypto, transcript, bindingData = new Uint8Array(0) } = this.#options;
    const { text, nonce, verifier } = this.#challenge;
    const final = readClientFinal(bytes);
    if (final.nonce !== nonce) throw new ScramFault('the client answers to another nonce');
    const header = bytesOf(first.header);
    const bound = first.binding === 'tls-exporter' ? bindingData : new Uint8Array(0);
    const expected = new Uint8Array(header.length + bound.length);
    expected.set(header);
    expected.set(bound, header.length);
    if (!same(final.binding, expected))
      throw new ScramFault('the channel is not the one that the client sees');
    if (!same(final.transcript, transcript))
      throw new ScramFault('the two ends have not heard the same HELLOs');
    if (final.proof.length !== DIGEST_SIZE) throw new ScramFault('the proof has not 32 bytes');
    const said = bytesOf(`${first.bare},${text},${final.bare}`);
    const clientKey = exclusiveOr(final.proof, crypto.hmac(verifier.storedKey, said));
    if (!digestsEqual(crypto.hash(clientKey), verifier.storedKey)) return undefined;
    return bytesOf(`v=${toBase64(crypto.hmac(verifier.serverKey, said))}`);
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : digestsEqual(a, b);
}
