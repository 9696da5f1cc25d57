import { MAX_RECEIPT_SIZE } from '../limits.js';
import type { DigestAlgorithm, SignatureAlgorithm } from '../vocabulary.js';
import { DIGEST_SIZE } from './digest.js';
import {
  bytesUpTo,
  digestAlgorithm,
  FieldFault,
  FieldWriter,
  fixedBytes,
  i64,
  path,
  signatureAlgorithm,
  textUpTo,
  u8,
  u64,
} from './fields.js';
import { layoutOf, readFields, required, writeFields } from './messages.js';
import { encodeUtf8 } from './utf8.js';

/**
 * A receipt: a server's signed word that an upload was committed. PROTOCOL.md, "Receipts". Only its bytes are here: who signs
 * and who checks needs a program's cryptography.
 */

/** The version of a statement that this end writes and understands. */
const RECEIPT_VERSION = 1;

/** What a signature is over begins with this, so that it can never be taken for a signature of anything else. */
const CONTEXT = encodeUtf8('FileX receipt v1\n') as Uint8Array;

/** What is said of a commit, and by which key. */
export interface ReceiptStatement {
  /** How it is signed. */
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** SHA-256 of the SubjectPublicKeyInfo, in DER, of the key that signs: the 32 bytes of the server's fingerprint. */
  readonly key: Uint8Array;
  /** Who uploaded, as the server knows it. */
  readonly principal: string;
  /** Where the file was stored, as the client was told. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** What `digest` was computed with. */
  readonly algorithm: DigestAlgorithm;
  /** The tree digest, 32 bytes. */
  readonly digest: Uint8Array;
  /** When it was committed, by the server's clock; microseconds since 1970. */
  readonly time: number;
  /** 16 bytes. */
  readonly operationId: Uint8Array;
}

/** A receipt taken apart. */
export interface Receipt {
  /** The bytes that are signed, after the context. */
  readonly statementBytes: Uint8Array;
  /** What they say. */
  readonly statement: ReceiptStatement;
  /** SubjectPublicKeyInfo of the key, in DER. */
  readonly publicKey: Uint8Array;
  /** By that key, over {@link signedBytes}. */
  readonly signature: Uint8Array;
}

/** The fields of a statement; also the tables of PROTOCOL.md. */
export const receiptStatementFields = {
  version: required(2, u8),
  signatureAlgorithm: required(4, signatureAlgorithm),
  key: required(6, fixedBytes(32)),
  principal: required(8, textUpTo(255)),
  path: required(10, path),
  size: required(12, u64),
  algorithm: required(14, digestAlgorithm),
  digest: required(16, fixedBytes(DIGEST_SIZE)),
  time: required(18, i64),
  operationId: required(20, fixedBytes(16)),
} as const;

/** The fields of a receipt; also the tables of PROTOCOL.md. */
export const receiptFields = {
  statement: required(2, bytesUpTo(MAX_RECEIPT_SIZE)),
  publicKey: required(4, bytesUpTo(MAX_RECEIPT_SIZE)),
  signature: required(6, bytesUpTo(MAX_RECEIPT_SIZE)),
} as const;

const statementLayout = layoutOf(receiptStatementFields as never);
const receiptLayout = layoutOf(receiptFields as never);

function encode(fields: object, values: object): Uint8Array {
  const writer = new FieldWriter(new Uint8Array(MAX_RECEIPT_SIZE));
  writeFields(writer, fields as Record<string, unknown>, values as Record<string, unknown>);
  return writer.bytes.subarray(0, writer.length);
}

/**
 * A statement in its one canonical form.
 * @throws LocalProtocolError when a value does not fit.
 */
export function encodeReceiptStatement(statement: ReceiptStatement): Uint8Array {
  return encode(receiptStatementFields, { version: RECEIPT_VERSION, ...statement });
}

/** What the signature of a statement is over. */
export function signedBytes(statementBytes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(CONTEXT.length + statementBytes.length);
  bytes.set(CONTEXT);
  bytes.set(statementBytes, CONTEXT.length);
  return bytes;
}

/**
 * A receipt as bytes, of a statement as it was signed.
 * @throws LocalProtocolError when it is longer than 8192 bytes.
 */
export function encodeReceipt(receipt: Omit<Receipt, 'statement'>): Uint8Array {
  const { statementBytes, publicKey, signature } = receipt;
  return encode(receiptFields, { statement: statementBytes, publicKey, signature });
}

/** A receipt, or what is wrong with its bytes, in words. */
export type DecodedReceipt =
  | { readonly receipt: Receipt; readonly fault?: undefined }
  | { readonly receipt?: undefined; readonly fault: string };

/**
 * Takes a receipt apart. Never throws, and checks no signature: until that is done, what it says may be anybody's word.
 * @param bytes as RESULT had them. Nothing of them is kept.
 */
export function decodeReceipt(bytes: Uint8Array): DecodedReceipt {
  try {
    if (bytes.length > MAX_RECEIPT_SIZE) throw new FieldFault(`has more than ${MAX_RECEIPT_SIZE} bytes`);
    const outer = readFields(receiptLayout, bytes, 0, bytes.length) as unknown as Outer;
    const { statement: statementBytes, publicKey, signature } = outer;
    // What is not signed can be added by anybody, so nothing may be.
    if (encodeReceipt({ statementBytes, publicKey, signature }).length !== bytes.length)
      throw new FieldFault('has fields that nobody has signed');
    return { receipt: { statementBytes, statement: readStatement(statementBytes), publicKey, signature } };
  } catch (error) {
    if (error instanceof FieldFault) return { fault: `the receipt ${error.message}` };
    throw error;
  }
}

interface Outer {
  readonly statement: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

function readStatement(bytes: Uint8Array): ReceiptStatement {
  const { version, ...statement } = readFields(statementLayout, bytes, 0, bytes.length);
  if (version !== RECEIPT_VERSION)
    throw new FieldFault(`is of version ${String(version)}, which is not known`);
  const { path: where } = statement;
  if (where === '') throw new FieldFault('is for no path');
  return statement as unknown as ReceiptStatement;
}
