import { randomBytes } from 'node:crypto';
import { shown } from '../report/shown.js';
import type { Loose, Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import type { Credentials } from './credentials.js';
import {
  attributesOf,
  escapedName,
  fromBase64,
  hash,
  iterationBounds,
  proofOf,
  SCRAM,
  SCRAM_PLUS,
  signatureOf,
} from './scram.js';

/** The connection on which a client logs in. */
export interface LoginChannel {
  /** Mechanisms of the server. */
  readonly offered: readonly string[];
  /** Both HELLO frames as they were sent, the client's first. */
  readonly hellos: Buffer;
  /** Inside TLS: what binds the channel. */
  readonly exporter: Buffer | undefined;
  say(auth: Loose<'AUTH'>): void;
  /** The next AUTH of the server; undefined when it says GOAWAY instead. */
  hear(): Promise<Messages['AUTH'] | undefined>;
}

/** What a client does otherwise than an honest one. Each is reckoned with in what is proven after it. */
export interface LoginChanges {
  readonly mechanism?: string;
  /** Of the first message: `n,,`, `y,,`, `p=tls-exporter,,` and the like. */
  readonly header?: string;
  /** The name as it stands in the first message. */
  readonly name?: string;
  /** Changes the first message after its header. */
  readonly first?: (bare: string) => string;
  /** What is said to bind the channel. */
  readonly bound?: Buffer;
  /** Changes the last message, which the proof follows and is made of. */
  readonly last?: (bare: string) => string;
  /** Changes the proof. */
  readonly proof?: (proof: Buffer) => Buffer;
  /** Changes the last message as a whole, when all is proven. */
  readonly sent?: (message: string) => string;
}

/** The server's first message. */
export interface Challenge {
  readonly text: string;
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

/** One attempt to log in, with the strongest mechanism that the server offers: `first`, then `last`. */
export class Login {
  readonly #channel: LoginChannel;
  readonly #credentials: Credentials;
  readonly #changes: LoginChanges;
  readonly #header: string;
  readonly #mechanism: string;
  readonly #nonce = randomBytes(18).toString('base64');
  readonly #bare: string;
  #challenge: Challenge | undefined;

  constructor(channel: LoginChannel, credentials: Credentials, changes: LoginChanges = {}) {
    this.#channel = channel;
    this.#credentials = credentials;
    this.#changes = changes;
    const { exporter, offered } = channel;
    const canBind = exporter !== undefined && offered.includes(SCRAM_PLUS);
    this.#mechanism = changes.mechanism ?? (canBind ? SCRAM_PLUS : SCRAM);
    this.#header = changes.header ?? headerOf(this.#mechanism, exporter !== undefined && !canBind);
    const name = changes.name ?? escapedName(credentials.name);
    this.#bare = (changes.first ?? same)(`n=${name},r=${this.#nonce}`);
  }

  /** What the first AUTH says. */
  get opening(): Loose<'AUTH'> {
    return { mechanism: this.#mechanism, data: Buffer.from(this.#header + this.#bare) };
  }

  /**
   * Says who asks.
   * @returns what the server asks for; undefined when it says GOAWAY instead.
   * @throws Violation when that is not in order.
   */
  async first(): Promise<Challenge | undefined> {
    this.#channel.say(this.opening);
    const asked = await this.#channel.hear();
    this.#challenge = asked === undefined ? undefined : judgeChallenge(asked, this.#nonce);
    return this.#challenge;
  }

  /**
   * Proves it.
   * @returns the server's last message; undefined when it says GOAWAY instead.
   * @throws Violation when it does not prove that the server knows the passcode.
   */
  async last(): Promise<Messages['AUTH'] | undefined> {
    const { exporter = Buffer.alloc(0), hellos } = this.#channel;
    const { bound = exporter, last = same, proof = same, sent = same } = this.#changes;
    const { text, nonce, salt, iterations } = this.#challenge as Challenge;
    const binding = this.#header.startsWith('p=') ? bound : Buffer.alloc(0);
    const c = Buffer.concat([Buffer.from(this.#header), binding]).toString('base64');
    const bare = last(`c=${c},r=${nonce},t=${hash(hellos).toString('base64')}`);
    const said = `${this.#bare},${text},${bare}`;
    const salted = this.#credentials.salted(salt, iterations);
    const p = proof(proofOf(salted, said)).toString('base64');
    this.#channel.say({ data: Buffer.from(sent(`${bare},p=${p}`)) });
    const success = await this.#channel.hear();
    if (success !== undefined) judgeSuccess(success, signatureOf(salted, said));
    return success;
  }
}

function same<T>(value: T): T {
  return value;
}

function headerOf(mechanism: string, couldBind: boolean): string {
  if (mechanism === SCRAM_PLUS) return 'p=tls-exporter,,';
  return couldBind ? 'y,,' : 'n,,';
}

function judgeChallenge({ step, data }: Messages['AUTH'], own: string): Challenge {
  if (step !== 'continue')
    throw new Violation(['FX-6.3-1'], `the first message of SCRAM was answered with the step ${step}`);
  const text = data?.toString('utf8') ?? '';
  const [first, second, third, ...others] = attributesOf(text);
  const salt = fromBase64(second?.[1]);
  if (first?.[0] !== 'r' || second?.[0] !== 's' || third?.[0] !== 'i' || salt === undefined)
    throw new Violation(['FX-6.3-1'], `the server's first message is "${shown(text)}", not r=…,s=…,i=…`);
  if (others.length > 0) throw new Violation(['FX-6.4-1'], `"${shown(text)}" has an extension`);
  const nonce = first[1];
  if (!nonce.startsWith(own) || nonce.length === own.length)
    throw new Violation(['FX-6.3-1'], "the server's nonce does not begin with the client's, or adds nothing");
  if (salt.length === 0) throw new Violation(['FX-6.3-1'], 'the server gives no salt');
  const iterations = /^[1-9]\d{0,15}$/.test(third[1]) ? Number(third[1]) : 0;
  if (iterations < iterationBounds.least || iterations > iterationBounds.most)
    throw new Violation(['FX-6.4-4'], `the server wants ${shown(third[1])} iterations, which clients refuse`);
  return { text, nonce, salt, iterations };
}

function judgeSuccess({ step, data }: Messages['AUTH'], expected: Buffer): void {
  if (step !== 'success')
    throw new Violation(['FX-6.3-1'], `the last message of SCRAM was answered with the step ${step}`);
  const text = data?.toString('utf8') ?? '';
  if (text !== `v=${expected.toString('base64')}`)
    throw new Violation(['FX-6.4-3'], `"${shown(text)}" does not prove that the server knows the passcode`);
}
