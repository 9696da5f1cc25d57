import { randomBytes } from 'node:crypto';
import { shown } from '../report/shown.js';
import type { Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import type { Credentials } from './credentials.js';
import {
  attributesOf,
  escapedName,
  fromBase64,
  hash,
  proofOf,
  SCRAM,
  SCRAM_PLUS,
  signatureOf,
} from './scram.js';

/** What is known of the connection on which a client logs in. */
export interface WitnessedChannel {
  readonly credentials: Credentials;
  /** Both HELLO frames as they were sent, the client's first. */
  readonly hellos: Buffer;
  /** Inside TLS: what binds the channel. */
  readonly exporter: Buffer | undefined;
  /** Rounds that are asked for. */
  readonly iterations?: number;
}

/** The server's side of SCRAM, which judges every word of a client under test. */
export class Witness {
  readonly #channel: WitnessedChannel;
  readonly #iterations: number;
  readonly #salt = randomBytes(16);
  #header = '';
  #bare = '';
  #nonce = '';
  #challenge = '';

  constructor(channel: WitnessedChannel) {
    this.#channel = channel;
    this.#iterations = channel.iterations ?? 4096;
  }

  /** `n`, `y` or `p`, as the client said it. */
  get flag(): string {
    return this.#header.slice(0, 1);
  }

  /** What the client said of itself in its first message. @throws Violation when that is not in order. */
  first({ mechanism = '', data }: Messages['AUTH']): void {
    if (mechanism !== SCRAM && mechanism !== SCRAM_PLUS)
      throw new Violation(
        ['FX-6.3-5'],
        `the client logs in with ${shown(mechanism)}, as nobody in particular`,
      );
    const text = data?.toString('utf8') ?? '';
    const found = /^((?:[ny]|p=[A-Za-z0-9.-]+),([^,]*),)(.*)$/s.exec(text);
    if (found === null) throw new Violation(['FX-6.3-1'], `"${shown(text)}" is no first message of SCRAM`);
    const [, header = '', identity, bare = ''] = found;
    if (identity !== '') throw new Violation(['FX-6.4-7'], `the client says "${shown(identity as string)}"`);
    const bound = mechanism === SCRAM_PLUS;
    if (bound !== (header === 'p=tls-exporter,,'))
      throw new Violation(['FX-6.4-2'], `the header "${shown(header)}" does not belong to ${mechanism}`);
    const [name, nonce] = attributesOf(bare);
    const expected = escapedName(this.#channel.credentials.name);
    if (name?.[0] !== 'n' || nonce?.[0] !== 'r')
      throw new Violation(['FX-6.3-1'], `"${shown(bare)}" is not n=…,r=…`);
    if (name[1] !== expected)
      throw new Violation(
        ['FX-6.4-6', 'FX-6.3-1'],
        `the name is "${shown(name[1])}", not "${shown(expected)}"`,
      );
    if (!/^[\x21-\x2b\x2d-\x7e]{8,}$/.test(nonce[1]))
      throw new Violation(['FX-6.3-1'], `"${shown(nonce[1])}" is no nonce that nobody can guess`);
    this.#header = header;
    this.#bare = bare;
    this.#nonce = nonce[1];
  }

  /** An honest answer to it; `change` makes another one of its parts. */
  challenge(change: (parts: ChallengeParts) => string = honest): Buffer {
    const parts = {
      client: this.#nonce,
      nonce: this.#nonce + randomBytes(18).toString('base64'),
      salt: this.#salt.toString('base64'),
      iterations: this.#iterations,
    };
    this.#challenge = change(parts);
    return Buffer.from(this.#challenge);
  }

  /**
   * Judges the client's last message.
   * @returns the server's: the signature that the client must wait for.
   * @throws Violation when it does not prove what it should.
   */
  last({ data }: Messages['AUTH']): Buffer {
    const { credentials, exporter = Buffer.alloc(0), hellos } = this.#channel;
    const text = data?.toString('utf8') ?? '';
    const attributes = attributesOf(text);
    const at = (name: string): number => attributes.findIndex(([each]) => each === name);
    const value = (name: string): string => attributes[at(name)]?.[1] ?? '';
    if (at('c') !== 0 || at('r') !== 1 || at('p') !== attributes.length - 1)
      throw new Violation(['FX-6.3-1'], `"${shown(text)}" is not c=…,r=…,…,p=…`);
    const bound = Buffer.concat([Buffer.from(this.#header), this.flag === 'p' ? exporter : Buffer.alloc(0)]);
    if (value('c') !== bound.toString('base64'))
      throw new Violation(['FX-6.4-2'], `"c=${shown(value('c'))}" is not what binds this channel`);
    const [, nonce = ''] = attributesOf(this.#challenge)[0] ?? [];
    if (value('r') !== nonce) throw new Violation(['FX-6.3-1'], 'the client answers with another nonce');
    if (at('t') < 2) throw new Violation(['FX-6.4-1'], 'the last message has no "t" after the nonce');
    if (value('t') !== hash(hellos).toString('base64'))
      throw new Violation(['FX-6.4-1'], `"t=${shown(value('t'))}" is not the digest of both HELLOs`);
    const said = `${this.#bare},${this.#challenge},${text.slice(0, text.lastIndexOf(',p='))}`;
    const salted = credentials.salted(this.#salt, this.#iterations);
    if (fromBase64(value('p'))?.equals(proofOf(salted, said)) !== true)
      throw new Violation(['FX-6.4-6', 'FX-6.3-1'], 'the proof is not that of the passcode');
    return Buffer.from(`v=${signatureOf(salted, said).toString('base64')}`);
  }
}

/** What the server's first message is made of. */
export interface ChallengeParts {
  /** The client's nonce. */
  readonly client: string;
  /** The same, with what the server adds. */
  readonly nonce: string;
  /** Base64. */
  readonly salt: string;
  readonly iterations: number;
}

function honest({ nonce, salt, iterations }: ChallengeParts): string {
  return `r=${nonce},s=${salt},i=${iterations}`;
}
