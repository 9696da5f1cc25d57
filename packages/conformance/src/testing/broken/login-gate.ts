import { createHmac, randomBytes } from 'node:crypto';
import { prepared } from '../../login/preparation.js';
import {
  attributesOf,
  fromBase64,
  hash,
  proofOf,
  SCRAM,
  SCRAM_PLUS,
  saltedPasscode,
  signatureOf,
} from '../../login/scram.js';
import type { Messages } from '../../wire/messages.js';
import { users } from '../secure-server.js';

/** What a server may do wrong when users log in. */
export interface LoginDefects {
  readonly offersNoBinding?: boolean;
  readonly takesAnyDigest?: boolean;
  readonly needsNoDigest?: boolean;
  readonly believesThatBindingWasHidden?: boolean;
  readonly takesAnyBinding?: boolean;
  readonly mixesMechanisms?: boolean;
  readonly provesNothing?: boolean;
  readonly asksForLittle?: boolean;
  readonly refusesStrangersAtOnce?: boolean;
  readonly saltsStrangersAnew?: boolean;
  readonly saltsStrangersAlike?: boolean;
  readonly asksStrangersForMore?: boolean;
  readonly tellsStrangers?: boolean;
  readonly takesNamesAsTheyAre?: boolean;
  readonly leavesControlCharactersOut?: boolean;
  readonly takesIdentities?: boolean;
  readonly believesAnyProof?: boolean;
  readonly takesAnyNonce?: boolean;
  readonly passesOverExtensions?: boolean;
  readonly takesExtensions?: boolean;
  readonly forgetsTheChallenge?: boolean;
  readonly hasOneNonce?: boolean;
}

/** A login that waits for its proof. */
interface Asked {
  readonly user: string;
  /** Undefined: a stranger. */
  readonly passcode: string | undefined;
  readonly header: string;
  readonly bare: string;
  readonly nonce: string;
  readonly text: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

type Answer =
  | { readonly ask: Buffer }
  | { readonly refuse: string }
  | { readonly principal: string; readonly proof: Buffer | undefined };

const no: Answer = { refuse: 'no' };
const secret = randomBytes(32);

/** SCRAM of a server inside TLS, with as many defects as it is told to have. */
export class LoginGate {
  readonly offered: readonly string[];
  readonly #defects: LoginDefects;
  readonly #exporter: Buffer;
  #asked: Asked | undefined;

  constructor(defects: LoginDefects, exporter: Buffer) {
    this.#defects = defects;
    this.#exporter = exporter;
    this.offered = defects.offersNoBinding === true ? [SCRAM] : [SCRAM_PLUS, SCRAM];
  }

  take({ mechanism, data = Buffer.alloc(0) }: Messages['AUTH'], hellos: Buffer): Answer {
    if (this.#asked !== undefined && mechanism === undefined) return this.#last(this.#asked, data, hellos);
    if (this.#asked !== undefined && this.#defects.forgetsTheChallenge !== true) return no;
    return this.#first(mechanism, data);
  }

  #first(mechanism: string | undefined, data: Buffer): Answer {
    const defects = this.#defects;
    const text = textOf(data);
    const found = /^(p=tls-exporter|[ny]),(a=[^,]*)?,(.*)$/s.exec(text ?? '');
    if (found === null || mechanism === undefined || !this.offered.includes(mechanism)) return no;
    const [, flag = '', identity, bare = ''] = found;
    if (identity !== undefined && defects.takesIdentities !== true) return no;
    if ((mechanism === SCRAM_PLUS) !== flag.startsWith('p') && defects.mixesMechanisms !== true) return no;
    if (flag === 'y' && this.offered.includes(SCRAM_PLUS) && defects.believesThatBindingWasHidden !== true)
      return no;
    const parts = attributesOf(bare).filter(
      ([name]) => name !== 'm' || defects.passesOverExtensions !== true,
    );
    const [name, nonce] = parts;
    if (parts.length !== 2 || name?.[0] !== 'n' || nonce?.[0] !== 'r' || /=(?!2C|3D)/.test(name[1]))
      return no;
    const user = this.#nameOf(name[1].replaceAll('=2C', ',').replaceAll('=3D', '='));
    if (user === undefined) return no;
    const passcode = users.find((each) => each.user === user)?.passcode;
    if (passcode === undefined && defects.refusesStrangersAtOnce === true) return no;
    const iterations = this.#iterationsFor(passcode);
    const salt = this.#saltFor(user, passcode);
    const full =
      nonce[1] + (defects.hasOneNonce === true ? 'x'.repeat(24) : randomBytes(18).toString('base64'));
    const asked = `r=${full},s=${salt.toString('base64')},i=${iterations}`;
    const header = `${flag},${identity ?? ''},`;
    this.#asked = { user, passcode, header, bare, nonce: full, text: asked, salt, iterations };
    return { ask: Buffer.from(asked) };
  }

  #last(asked: Asked, data: Buffer, hellos: Buffer): Answer {
    const defects = this.#defects;
    const { user, passcode, header, bare, nonce, text, salt, iterations } = asked;
    const message = textOf(data) ?? '';
    const parts = attributesOf(message).filter(([name]) => !this.#passesOver(name));
    const names = parts.map(([name]) => name).join('');
    if (names !== 'crtp' && !(names === 'crp' && defects.needsNoDigest === true)) return no;
    const { c = '', r = '', t, p = '' } = Object.fromEntries(parts);
    const bound = header.startsWith('p') ? this.#exporter : Buffer.alloc(0);
    if (
      defects.takesAnyBinding !== true &&
      c !== Buffer.concat([Buffer.from(header), bound]).toString('base64')
    )
      return no;
    if (r !== nonce && defects.takesAnyNonce !== true) return no;
    if (t !== undefined && defects.takesAnyDigest !== true && t !== hash(hellos).toString('base64'))
      return no;
    const proof = fromBase64(p);
    if (proof === undefined || proof.length !== 32) return no;
    if (passcode === undefined) return defects.tellsStrangers === true ? { refuse: 'who is that?' } : no;
    const said = `${bare},${text},${message.slice(0, message.lastIndexOf(',p='))}`;
    const salted = saltedPasscode(prepared(passcode) as string, salt, iterations);
    if (!proof.equals(proofOf(salted, said)) && defects.believesAnyProof !== true) return no;
    const signature = Buffer.from(`v=${signatureOf(salted, said).toString('base64')}`);
    return { principal: user, proof: defects.provesNothing === true ? undefined : signature };
  }

  #passesOver(attribute: string): boolean {
    const { passesOverExtensions, takesExtensions } = this.#defects;
    return (
      (attribute === 'm' && passesOverExtensions === true) || (attribute === 'x' && takesExtensions === true)
    );
  }

  #nameOf(name: string): string | undefined {
    if (this.#defects.takesNamesAsTheyAre === true) return name;
    if (this.#defects.leavesControlCharactersOut === true)
      return prepared(name.replaceAll(/[\p{Cc}\p{Cn}\p{Co}]/gu, ''));
    return prepared(name);
  }

  #iterationsFor(passcode: string | undefined): number {
    if (this.#defects.asksForLittle === true) return 1000;
    return passcode === undefined && this.#defects.asksStrangersForMore === true ? 10_000 : 4096;
  }

  #saltFor(user: string, passcode: string | undefined): Buffer {
    const { saltsStrangersAnew, saltsStrangersAlike } = this.#defects;
    if (passcode === undefined && saltsStrangersAnew === true) return randomBytes(16);
    const name = passcode === undefined && saltsStrangersAlike === true ? '' : user;
    return createHmac('sha256', secret).update(name).digest().subarray(0, 16);
  }
}

function textOf(data: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}
