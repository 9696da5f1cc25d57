import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeReceipt, encodeReceipt, encodeReceiptStatement, type Receipt } from '../wire/receipt.js';
import { receiptSigner, verifyReceipt } from './receipts.js';
import type { ReceiptFacts } from './types.js';

const keys = {
  'ecdsa-sha256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'rsa-pss-sha256': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ed25519: generateKeyPairSync('ed25519').privateKey,
};
const kinds = Object.entries(keys) as [keyof typeof keys, KeyObject][];

const facts: ReceiptFacts = {
  principal: 'ann',
  path: 'inbox/report.pdf',
  size: 123_456,
  algorithm: 'blake3',
  digest: new Uint8Array(32).fill(7),
  time: 1_700_000_000_123_456,
  operationId: new Uint8Array(16).fill(9),
};

describe.each(kinds)('a receipt with %s', (signatureAlgorithm, key) => {
  const sign = receiptSigner(key);

  it('verifies, and says what it was made of', () => {
    const { statement, fingerprint } = verifyReceipt(sign(facts));
    expect(statement).toMatchObject({ ...facts, signatureAlgorithm });
    expect(fingerprint).toBe(`sha256:${Buffer.from(statement?.key ?? []).toString('base64url')}`);
  });

  it('does not verify when any one byte of it is another', () => {
    const whole = sign(facts);
    const at = fc.nat({ max: whole.length - 1 });
    fc.assert(
      fc.property(at, fc.integer({ min: 1, max: 255 }), (place, bits) => {
        const changed = whole.slice();
        changed[place] = (changed[place] as number) ^ bits;
        expect(verifyReceipt(changed).fault).toEqual(expect.any(String));
      }),
      { numRuns: 500 },
    );
  });

  it('does not verify when it is cut or goes on', () => {
    const whole = sign(facts);
    for (let length = 0; length < whole.length; length += 7)
      expect(verifyReceipt(whole.subarray(0, length)).fault).toBeDefined();
    expect(verifyReceipt(Buffer.concat([whole, Buffer.of(0)])).fault).toBeDefined();
  });
});

it('a receipt can be made with a key in PEM', () => {
  const pem = keys['ecdsa-sha256'].export({ type: 'pkcs8', format: 'pem' }) as string;
  expect(verifyReceipt(receiptSigner(pem)(facts)).statement).toMatchObject(facts);
});

it('a receipt is of every curve that a server may have', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  expect(verifyReceipt(receiptSigner(privateKey)(facts)).fault).toBeUndefined();
});

it('no receipt is made with a key that cannot sign', () => {
  expect(() => receiptSigner(generateKeyPairSync('x25519').privateKey)).toThrow(/x25519 signs no receipts/);
});

describe('a receipt does not verify', () => {
  const parts = decodeReceipt(receiptSigner(keys['ecdsa-sha256'])(facts)).receipt as Receipt;
  const forged = (change: Partial<Receipt>): string | undefined =>
    verifyReceipt(encodeReceipt({ ...parts, ...change })).fault;
  const spki = (key: Uint8Array): Partial<Receipt> => ({
    publicKey: key,
    statementBytes: encodeReceiptStatement({
      ...parts.statement,
      key: createHash('sha256').update(key).digest(),
    }),
  });
  const publicKeyOf = (name: keyof typeof keys): Uint8Array =>
    (decodeReceipt(receiptSigner(keys[name])(facts)).receipt as Receipt).publicKey;

  it('with another statement, or the key of somebody else', () => {
    const statementBytes = encodeReceiptStatement({ ...parts.statement, size: 1 });
    expect(forged({ statementBytes })).toMatch(/not of what it says/);
    expect(forged({ publicKey: publicKeyOf('ed25519') })).toMatch(/names another key/);
  });

  it('with a key of another kind, or none at all', () => {
    expect(forged(spki(publicKeyOf('ed25519')))).toMatch(/ed25519 does not sign with ecdsa-sha256/);
    expect(forged(spki(Uint8Array.of(1, 2, 3)))).toMatch(/the key in the receipt is none/);
  });
});
