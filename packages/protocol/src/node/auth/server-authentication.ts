import { createHmac, randomBytes } from 'node:crypto';
import type { Mechanism } from '../../auth/mechanisms.js';
import { bytesOf, prepare, type Verifier } from '../../auth/scram-keys.js';
import { ScramFault } from '../../auth/scram-messages.js';
import { ScramServer } from '../../auth/scram-server.js';
import type { Accounts } from '../types.js';
import { randomNonce, scramCrypto } from './scram-crypto.js';

/** What a server answers to a step of the client. */
export type Answer =
  | { readonly step: 'continue'; readonly data: Uint8Array }
  | { readonly step: 'success'; readonly principal: string; readonly data: Uint8Array | undefined }
  /** `reason` is for the log of this server; the client is told nothing but that it failed. */
  | { readonly step: 'failure'; readonly user: string | undefined; readonly reason: string };

export interface ServerAuthenticationOptions {
  readonly accounts: Accounts | undefined;
  /** Whether `ANONYMOUS` is offered. */
  readonly anonymous: boolean;
  /** Both HELLOs, as in `Connection.helloTranscript`. */
  readonly transcript: () => Uint8Array;
  /** Under TLS: the channel binding `tls-exporter` of RFC 9266, 32 bytes. */
  readonly exporter: Uint8Array | undefined;
}

/** For accounts that keep no secret: salts of users that there are not stay the same as long as this process runs. */
const processSecret = randomBytes(32);

/** What a server offers, by what it has. */
export function offeredMechanisms(
  options: Pick<ServerAuthenticationOptions, 'accounts' | 'anonymous' | 'exporter'>,
): Mechanism[] {
  const { accounts, anonymous, exporter } = options;
  return [
    ...(accounts === undefined || exporter === undefined ? [] : (['SCRAM-SHA-256-PLUS'] as const)),
    ...(accounts === undefined ? [] : (['SCRAM-SHA-256'] as const)),
    ...(anonymous ? (['ANONYMOUS'] as const) : []),
  ];
}

/** What a `principal` has room for. PROTOCOL.md, FX-6.4-6. */
const MAX_NAME_BYTES = 255;

/** What `data` of AUTH has room for. PROTOCOL.md, section 6.3. */
const MAX_AUTH_DATA = 4096;

/** The server's side of authentication in one connection. */
export class ServerAuthentication {
  readonly #options: ServerAuthenticationOptions;
  #scram: { readonly server: ScramServer; readonly user: string; readonly known: boolean } | undefined;

  constructor(options: ServerAuthenticationOptions) {
    this.#options = options;
  }

  /** Takes one step of the client. Never rejects. */
  async take(mechanism: string | undefined, data: Uint8Array | undefined): Promise<Answer> {
    try {
      if (this.#scram === undefined) return await this.#start(mechanism, data ?? new Uint8Array(0));
      if (mechanism !== undefined) return failure(this.#scram.user, 'the client begins again');
      return this.#finish(this.#scram, data ?? new Uint8Array(0));
    } catch (error) {
      if (error instanceof ScramFault) return failure(this.#scram?.user, error.message);
      return failure(this.#scram?.user, `the accounts could not be read: ${String(error)}`);
    }
  }

  async #start(mechanism: string | undefined, data: Uint8Array): Promise<Answer> {
    const offered: readonly string[] = offeredMechanisms(this.#options);
    if (mechanism === undefined || !offered.includes(mechanism))
      return failure(undefined, `the mechanism ${JSON.stringify(mechanism)} is not offered`);
    if (mechanism === 'ANONYMOUS') {
      // A client may leave a trace of itself (RFC 4505), which nothing is made of.
      return { step: 'success', principal: 'anonymous', data: undefined };
    }
    const { accounts, exporter, transcript } = this.#options;
    const server = new ScramServer({
      crypto: scramCrypto,
      nonce: randomNonce(),
      plus: mechanism === 'SCRAM-SHA-256-PLUS',
      plusOffered: exporter !== undefined,
      bindingData: exporter,
      transcript: scramCrypto.hash(transcript()),
    });
    const user = prepare(server.first(data));
    if (user === undefined) return failure(undefined, 'the user name has characters that no name has');
    if (bytesOf(user).length > MAX_NAME_BYTES) return failure(undefined, 'the user name is too long');
    // Made for everybody, so that it takes no longer for those that there are not.
    const unmet = seeming(user, accounts as Accounts);
    const verifier = await (accounts as Accounts).verifier(user);
    this.#scram = { server, user, known: verifier !== undefined };
    const challenge = server.challenge(verifier ?? unmet);
    // It has the nonce of the client in it, and may so have no room in AUTH although what the client said had.
    if (challenge.length > MAX_AUTH_DATA) return failure(user, 'the nonce is too long');
    return { step: 'continue', data: challenge };
  }

  #finish(scram: { server: ScramServer; user: string; known: boolean }, data: Uint8Array): Answer {
    const { server, user, known } = scram;
    const proof = server.final(data);
    // Looked at last, so that a user that there is not takes as long as a wrong passcode.
    if (proof === undefined || !known)
      return failure(user, known ? 'the passcode is wrong' : 'there is no such user');
    return { step: 'success', principal: user, data: proof };
  }
}

/** A verifier that nobody can meet, the same whenever the name is asked for. */
function seeming(user: string, { iterations, secret = processSecret }: Accounts): Verifier {
  const derive = (what: string): Uint8Array =>
    createHmac('sha256', secret).update(`${what}:${user}`).digest();
  return {
    salt: derive('salt').subarray(0, 16),
    iterations,
    storedKey: derive('stored'),
    serverKey: derive('server'),
  };
}

function failure(user: string | undefined, reason: string): Answer {
  return { step: 'failure', user, reason };
}
