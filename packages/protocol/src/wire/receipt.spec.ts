import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../errors.js';
import { MAX_RECEIPT_SIZE } from '../limits.js';
import { bytes, path, u64Values } from '../testing/arbitraries.js';
import { rawField } from '../testing/frames.js';
import { digestAlgorithms, signatureAlgorithms } from '../vocabulary.js';
import {
  decodeReceipt,
  encodeReceipt,
  encodeReceiptStatement,
  type ReceiptStatement,
  signedBytes,
} from './receipt.js';

const statements: fc.Arbitrary<ReceiptStatement> = fc.record({
  signatureAlgorithm: fc.constantFrom(...signatureAlgorithms.filter((name) => name !== undefined)),
  key: bytes(32, 32),
  principal: fc.string({ unit: 'binary', maxLength: 60 }),
  path,
  size: u64Values,
  algorithm: fc.constantFrom(...digestAlgorithms.filter((name) => name !== undefined)),
  digest: bytes(32, 32),
  time: fc.maxSafeInteger(),
  operationId: bytes(16, 16),
});

const receipts = fc.record({ statement: statements, publicKey: bytes(0, 600), signature: bytes(0, 600) });
const encoded = receipts.map(({ statement, ...rest }) => {
  const statementBytes = encodeReceiptStatement(statement);
  return { statement, statementBytes, ...rest, whole: encodeReceipt({ statementBytes, ...rest }) };
});

const example: ReceiptStatement = {
  signatureAlgorithm: 'ecdsa-sha256',
  key: new Uint8Array(32).fill(1),
  principal: 'ann',
  path: 'inbox/a.txt',
  size: 3,
  algorithm: 'sha256',
  digest: new Uint8Array(32).fill(2),
  time: 1_700_000_000_000_000,
  operationId: new Uint8Array(16).fill(3),
};
const wrapped = (statementBytes: Uint8Array): Uint8Array =>
  encodeReceipt({ statementBytes, publicKey: Uint8Array.of(4), signature: Uint8Array.of(5) });

describe('a receipt', () => {
  it('is read as it was written, with the bytes that are signed as they were', () => {
    fc.assert(
      fc.property(encoded, ({ whole, ...parts }) => {
        expect(decodeReceipt(whole)).toEqual({ receipt: parts });
        expect(decodeReceipt(Buffer.from(whole))).toEqual({ receipt: parts });
      }),
    );
  });

  it('has one form: what is read from any bytes is written as those bytes', () => {
    const damaged = fc
      .tuple(encoded, fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([{ whole }, at, bits]) => {
        const copy = whole.slice();
        copy[at % copy.length] = (copy[at % copy.length] as number) ^ bits;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(bytes(0, 300), damaged), (whole) => {
        const { receipt, fault } = decodeReceipt(whole);
        if (receipt === undefined) expect(fault).toMatch(/^the receipt /);
        else expect(encodeReceipt(receipt)).toEqual(whole);
      }),
    );
  });

  it('keeps nothing of the bytes that it was read from', () => {
    const whole = wrapped(encodeReceiptStatement(example));
    const { receipt } = decodeReceipt(whole);
    whole.fill(0xff);
    expect(receipt?.statement).toEqual(example);
  });

  it('takes no field outside of the statement that nobody has signed', () => {
    const whole = wrapped(encodeReceiptStatement(example));
    for (const field of [rawField(7, new Uint8Array(0)), rawField(0xffff, Uint8Array.of(1))])
      expect(decodeReceipt(Buffer.concat([whole, field])).fault).toBe(
        'the receipt has fields that nobody has signed',
      );
  });

  it('may say more than this end knows, signed, in odd fields', () => {
    const more = Buffer.concat([encodeReceiptStatement(example), rawField(21, Uint8Array.of(1))]);
    expect(decodeReceipt(wrapped(more)).receipt).toMatchObject({ statement: example });
    const even = Buffer.concat([encodeReceiptStatement(example), rawField(22, Uint8Array.of(1))]);
    expect(decodeReceipt(wrapped(even)).fault).toMatch(/unknown field 22/);
  });

  it('of another version is not read', () => {
    const statement = encodeReceiptStatement(example);
    statement[4] = 2;
    expect(decodeReceipt(wrapped(statement)).fault).toBe('the receipt is of version 2, which is not known');
  });

  it('is for a path that is not the root', () => {
    const { fault } = decodeReceipt(wrapped(encodeReceiptStatement({ ...example, path: '' })));
    expect(fault).toBe('the receipt is for no path');
  });

  it('has room for the longest path and the longest keys, and no more', () => {
    const name = `${'x'.repeat(255)}/`;
    const longest = encodeReceiptStatement({
      ...example,
      principal: 'p'.repeat(255),
      path: `${name.repeat(15)}${'y'.repeat(255)}`,
    });
    const rsa = { publicKey: new Uint8Array(1062), signature: new Uint8Array(1024) };
    expect(decodeReceipt(encodeReceipt({ statementBytes: longest, ...rsa })).fault).toBeUndefined();
    const tooLong = { publicKey: new Uint8Array(MAX_RECEIPT_SIZE), signature: new Uint8Array(0) };
    expect(() => encodeReceipt({ statementBytes: longest, ...tooLong })).toThrow(LocalProtocolError);
    expect(decodeReceipt(new Uint8Array(MAX_RECEIPT_SIZE + 1)).fault).toMatch(/more than 8192 bytes/);
  });

  it('is signed as nothing else is', () => {
    expect(Buffer.from(signedBytes(Uint8Array.of(1, 2)))).toEqual(
      Buffer.from('FileX receipt v1\n\u0001\u0002'),
    );
  });
});
