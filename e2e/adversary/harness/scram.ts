import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** SCRAM-SHA-256 by hand (RFC 5802, RFC 7677, PROTOCOL.md 6.4), for attacks that leave out or change a part of it. */

const hmac = (key: Uint8Array, bytes: Uint8Array | string): Buffer =>
  createHmac('sha256', key).update(bytes).digest();
const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const made = createHash('sha256');
  for (const part of parts) made.update(part);
  return made.digest();
};
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const salted = (passcode: string, salt: Uint8Array, iterations: number): Buffer =>
  pbkdf2Sync(passcode, salt, iterations, 32, 'sha256');

/** As it stands in a users file: all in base64. */
export interface StoredVerifier {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** What a server keeps of a passcode. */
export function storedVerifier(passcode: string, iterations = 4096): StoredVerifier {
  const salt = randomBytes(16);
  const key = salted(passcode, salt, iterations);
  return {
    salt: base64(salt),
    iterations,
    storedKey: base64(hash(hmac(key, 'Client Key'))),
    serverKey: base64(hmac(key, 'Server Key')),
  };
}

export interface Challenge {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly text: string;
}

export function readChallenge(bytes: Uint8Array): Challenge {
  const text = Buffer.from(bytes).toString();
  const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(text) ?? [];
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations: Number(iterations), text };
}

/** What the client's two messages are made of; whatever an attack changes, it gives. */
export interface ClientProof {
  readonly user: string;
  readonly passcode: string;
  /** `n,,`, `y,,` or `p=tls-exporter,,`. */
  readonly header: string;
  /** With the last of these: what binds the channel. */
  readonly exporter?: Uint8Array | undefined;
  readonly nonce: string;
  /** Both HELLO frames, the client's first; undefined: no `t`. */
  readonly hellos?: Uint8Array | undefined;
}

const bare = ({ user, nonce }: ClientProof): string =>
  `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;

export function clientFirst(proof: ClientProof): Buffer {
  return Buffer.from(proof.header + bare(proof));
}

export function clientFinal(proof: ClientProof, challenge: Challenge, nonce = challenge.nonce): Buffer {
  const binding = Buffer.concat([Buffer.from(proof.header), proof.exporter ?? Buffer.alloc(0)]);
  const transcript = proof.hellos === undefined ? '' : `,t=${base64(hash(proof.hellos))}`;
  const text = `c=${base64(binding)},r=${nonce}${transcript}`;
  const key = hmac(salted(proof.passcode, challenge.salt, challenge.iterations), 'Client Key');
  const signature = hmac(hash(key), `${bare(proof)},${challenge.text},${text}`);
  return Buffer.from(`${text},p=${base64(key.map((byte, i) => byte ^ (signature[i] as number)))}`);
}

/** The server's side, of a server that knows the passcode, or pretends to. */
export function serverFinal(passcode: string, challenge: Challenge, first: string, final: string): Buffer {
  const key = hmac(salted(passcode, challenge.salt, challenge.iterations), 'Server Key');
  const said = `${first.replace(/^[^,]*,[^,]*,/, '')},${challenge.text},${final.replace(/,p=[^,]*$/, '')}`;
  return Buffer.from(`v=${base64(hmac(key, said))}`);
}

export function freshNonce(): string {
  return randomBytes(18).toString('base64');
}
