import { DIGEST_SIZE } from '../wire/digest.js';
import { encodeUtf8 } from '../wire/utf8.js';

/** What SCRAM-SHA-256 needs of a platform. */
export interface ScramCrypto {
  /** SHA-256. */
  hash(data: Uint8Array): Uint8Array;
  /** HMAC with SHA-256. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array;
}

/**
 * What a server keeps of a passcode (RFC 5802, section 3): it can check a proof and prove itself with it, and nobody who
 * steals it can log in, short of guessing the passcode.
 */
export interface Verifier {
  /** 16 random bytes, or as many as another program gave it. */
  readonly salt: Uint8Array;
  /** Rounds of PBKDF2. */
  readonly iterations: number;
  /** 32 bytes. */
  readonly storedKey: Uint8Array;
  /** 32 bytes. */
  readonly serverKey: Uint8Array;
}

/** Fewer rounds than this a client does not accept, lest a server learn the passcode cheaply (RFC 7677, section 4). */
export const MIN_ITERATIONS = 4096;
/** More than this a client does not compute, lest a server keep it busy. */
export const MAX_ITERATIONS = 10_000_000;

/** What is said in SCRAM is well-formed text, since it was read as such or made here. */
export const bytesOf = (text: string): Uint8Array => encodeUtf8(text) as Uint8Array;

/** @param salted PBKDF2-HMAC-SHA-256 of the prepared passcode, 32 bytes. */
export function clientKeyOf(crypto: ScramCrypto, salted: Uint8Array): Uint8Array {
  return crypto.hmac(salted, bytesOf('Client Key'));
}

export function serverKeyOf(crypto: ScramCrypto, salted: Uint8Array): Uint8Array {
  return crypto.hmac(salted, bytesOf('Server Key'));
}

/** The verifier of a passcode, from what PBKDF2 made of it. */
export function verifierOf(
  crypto: ScramCrypto,
  salted: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Verifier {
  return {
    salt,
    iterations,
    storedKey: crypto.hash(clientKeyOf(crypto, salted)),
    serverKey: serverKeyOf(crypto, salted),
  };
}

export function exclusiveOr(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== DIGEST_SIZE || b.length !== DIGEST_SIZE) throw new RangeError('keys have 32 bytes');
  return a.map((byte, i) => byte ^ (b[i] as number));
}

/**
 * A passcode or name as it is hashed: compatibility forms folded and unusual spaces made plain, as SASLprep (RFC 4013) does,
 * so that it can be typed on another keyboard. Returns undefined when nothing is left, or when it has control characters, ends of
 * lines or unassigned characters. PROTOCOL.md, FX-6.4-6.
 */
export function prepare(text: string): string | undefined {
  const prepared = text
    .replaceAll(/\p{Zs}/gu, ' ')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC');
  return prepared === '' || /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\ufff9-\ufffd]/u.test(prepared)
    ? undefined
    : prepared;
}
