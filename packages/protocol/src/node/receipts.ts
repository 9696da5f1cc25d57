import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  KeyObject,
  type SignKeyObjectInput,
  sign,
  verify,
} from 'node:crypto';
import { FilexError } from '../errors.js';
import type { SignatureAlgorithm } from '../vocabulary.js';
import {
  decodeReceipt,
  encodeReceipt,
  encodeReceiptStatement,
  type ReceiptStatement,
  signedBytes,
} from '../wire/receipt.js';
import type { ReceiptFacts, TlsKey } from './types.js';

/** Bytes of salt of RSASSA-PSS: as many as the hash has, as in TLS 1.3. */
const PSS_SALT = 32;

/**
 * Signs receipts with the key of a server. Making one costs more than signing: keep it as long as the key.
 *
 * @param key the private key, PEM or as `node:crypto` holds it: EC, RSA or Ed25519.
 * @returns makes a receipt, as `receipts` of `ServeOptions` wants it. About 40 microseconds with a key on P-256.
 * @throws FilexError `UNSUPPORTED` for a key of another kind; what `node:crypto` throws for what is no key.
 */
export function receiptSigner(key: TlsKey['key'] | KeyObject): (facts: ReceiptFacts) => Uint8Array {
  const privateKey = key instanceof KeyObject ? key : createPrivateKey(key);
  const signatureAlgorithm = algorithmOf(privateKey);
  if (signatureAlgorithm === undefined)
    throw new FilexError(
      'UNSUPPORTED',
      `a key of the type ${privateKey.asymmetricKeyType} signs no receipts`,
    );
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const fingerprint = digestOf(publicKey);
  return (facts) => {
    const statement: ReceiptStatement = { ...facts, signatureAlgorithm, key: fingerprint };
    const statementBytes = encodeReceiptStatement(statement);
    const { hash, ...how } = schemes[signatureAlgorithm];
    const signature = sign(hash, signedBytes(statementBytes), { key: privateKey, ...how });
    return encodeReceipt({ statementBytes, publicKey, signature });
  };
}

/** A receipt whose signature is right, or what is wrong with it, in words. */
export type VerifiedReceipt =
  | {
      /** What the server has said. */
      readonly statement: ReceiptStatement;
      /** `sha256:…` of the key that has signed. It proves something only to who knows that it is the key of the server. */
      readonly fingerprint: string;
      readonly fault?: undefined;
    }
  | { readonly statement?: undefined; readonly fingerprint?: undefined; readonly fault: string };

/**
 * Whether a receipt is what somebody with its key has signed; whose key that is (`fingerprint`) is for the caller to judge. Needs
 * no server, and never throws.
 */
export function verifyReceipt(bytes: Uint8Array): VerifiedReceipt {
  const { receipt, fault } = decodeReceipt(bytes);
  if (receipt === undefined) return { fault };
  const { statement, statementBytes, publicKey, signature } = receipt;
  const fingerprint = digestOf(publicKey);
  if (!fingerprint.equals(statement.key))
    return { fault: 'the receipt names another key than it has with it' };
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(publicKey), type: 'spki', format: 'der' });
  } catch {
    return { fault: 'the key in the receipt is none' };
  }
  if (algorithmOf(key) !== statement.signatureAlgorithm)
    return {
      fault: `a key of the type ${key.asymmetricKeyType} does not sign with ${statement.signatureAlgorithm}`,
    };
  const { hash, ...how } = schemes[statement.signatureAlgorithm];
  if (!verify(hash, signedBytes(statementBytes), { key, ...how }, signature))
    return { fault: 'the signature of the receipt is not of what it says' };
  return { statement, fingerprint: `sha256:${fingerprint.toString('base64url')}` };
}

type Scheme = Omit<SignKeyObjectInput, 'key'> & { readonly hash: string | null };

const schemes: { readonly [K in SignatureAlgorithm]: Scheme } = {
  'ecdsa-sha256': { hash: 'sha256', dsaEncoding: 'der' },
  'rsa-pss-sha256': { hash: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT },
  ed25519: { hash: null },
};

/** What a key signs with; undefined for one that signs no receipts. */
function algorithmOf({ asymmetricKeyType }: KeyObject): SignatureAlgorithm | undefined {
  switch (asymmetricKeyType) {
    case 'ec':
      return 'ecdsa-sha256';
    case 'rsa':
    case 'rsa-pss':
      return 'rsa-pss-sha256';
    case 'ed25519':
      return 'ed25519';
    default:
      return undefined;
  }
}

function digestOf(publicKey: Uint8Array): Buffer {
  return createHash('sha256').update(publicKey).digest();
}
