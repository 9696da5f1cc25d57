import type { Mechanism } from '../../auth/mechanisms.js';
import { ScramClient } from '../../auth/scram-client.js';
import { prepare } from '../../auth/scram-keys.js';
import { type ChannelBinding, ScramFault } from '../../auth/scram-messages.js';
import { FilexError } from '../../errors.js';
import type { Credentials } from '../types.js';
import { randomNonce, saltPasscode, scramCrypto } from './scram-crypto.js';

/** What a client says in AUTH. */
interface Said {
  readonly mechanism?: Mechanism | undefined;
  readonly data?: Uint8Array | undefined;
}

/** What is known of the connection that authentication runs in. */
export interface Channel {
  /** What the server offers. */
  readonly mechanisms: readonly string[];
  /** Both HELLOs, as in `Connection.helloTranscript`. */
  readonly transcript: Uint8Array;
  /** Under TLS: the channel binding `tls-exporter` of RFC 9266, 32 bytes. */
  readonly exporter: Uint8Array | undefined;
}

/** The client's side of authentication: proves who the user is, and wants the same of the server. */
export interface ClientAuthentication {
  start(): Promise<Said>;
  /** Answers a challenge. */
  next(data: Uint8Array | undefined): Promise<Said>;
  /** @throws FilexError `AUTH_FAILED` when the server has said yes without proving that it knows the passcode. */
  finish(data: Uint8Array | undefined): void;
}

/**
 * Chooses the strongest mechanism for what the user gave, never a weaker one than that.
 * @throws FilexError `AUTH_FAILED` when the server offers none that fits.
 */
export function clientAuthentication(
  channel: Channel,
  credentials: Credentials | undefined,
): ClientAuthentication {
  const offers = (mechanism: Mechanism): boolean => channel.mechanisms.includes(mechanism);
  if (credentials === undefined) {
    if (offers('ANONYMOUS')) return anonymous;
    const offered = channel.mechanisms.join(', ') || 'nothing';
    throw new FilexError(
      'AUTH_FAILED',
      `this server lets nobody in without user name and passcode (it offers ${offered})`,
    );
  }
  if (channel.exporter !== undefined && offers('SCRAM-SHA-256-PLUS'))
    return new ScramAuthentication(channel, credentials, 'SCRAM-SHA-256-PLUS', 'tls-exporter');
  if (offers('SCRAM-SHA-256'))
    return new ScramAuthentication(
      channel,
      credentials,
      'SCRAM-SHA-256',
      channel.exporter === undefined ? 'n' : 'y',
    );
  throw new FilexError(
    'AUTH_FAILED',
    `this server knows no users (it offers ${channel.mechanisms.join(', ') || 'nothing'})`,
  );
}

const anonymous: ClientAuthentication = {
  start: async () => ({ mechanism: 'ANONYMOUS' }),
  next: async () => {
    throw new FilexError('AUTH_FAILED', 'the server asks for more than ANONYMOUS needs');
  },
  finish: () => undefined,
};

class ScramAuthentication implements ClientAuthentication {
  readonly #mechanism: Mechanism;
  readonly #credentials: Credentials;
  readonly #client: ScramClient;
  #proven = false;

  constructor(channel: Channel, credentials: Credentials, mechanism: Mechanism, binding: ChannelBinding) {
    const user = prepare(credentials.user);
    if (user === undefined)
      throw new FilexError('AUTH_FAILED', 'the user name has characters that no name has');
    this.#mechanism = mechanism;
    this.#credentials = credentials;
    this.#client = new ScramClient({
      crypto: scramCrypto,
      user,
      nonce: randomNonce(),
      binding,
      bindingData: binding === 'tls-exporter' ? channel.exporter : undefined,
      transcript: scramCrypto.hash(channel.transcript),
    });
  }

  async start(): Promise<Said> {
    return { mechanism: this.#mechanism, data: this.#client.first() };
  }

  async next(data: Uint8Array | undefined): Promise<Said> {
    if (this.#proven) throw new FilexError('AUTH_FAILED', 'the server asks for more than SCRAM needs');
    this.#proven = true;
    const { salt, iterations } = judged(() => this.#client.challenge(data ?? new Uint8Array(0)));
    const { passcode } = this.#credentials;
    const prepared = prepare(typeof passcode === 'string' ? passcode : await passcode());
    if (prepared === undefined)
      throw new FilexError('AUTH_FAILED', 'the passcode is empty, or has characters that no passcode has');
    return { data: this.#client.prove(await saltPasscode(prepared, salt, iterations)) };
  }

  finish(data: Uint8Array | undefined): void {
    judged(() => this.#client.verify(data ?? new Uint8Array(0)));
  }
}

/** What a server does wrong in SCRAM makes it one that cannot be trusted. */
function judged<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof ScramFault)) throw cause;
    throw new FilexError(
      'AUTH_FAILED',
      `the server could not prove that it is the one you know: ${cause.message}`,
      { cause },
    );
  }
}
