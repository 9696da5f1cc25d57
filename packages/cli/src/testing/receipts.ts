import { createHash } from 'node:crypto';
import { type FilexUrl, parseUrl, TreeDigest } from '@filex/protocol';
import { type ReceiptFacts, receiptSigner } from '@filex/protocol/node';
import { serverAddress, writeReceiptLine } from '../receipts/receipt-line.js';
import { testKeys } from './tls-keys.js';

/** Makes receipts as a server with the key of that name does. */
export const signers = { own: receiptSigner(testKeys.own.key), other: receiptSigner(testKeys.other.key) };

export function digestOf(content: string): Buffer {
  const tree = new TreeDigest(() => createHash('sha256'));
  tree.update(Buffer.from(content));
  return Buffer.from(tree.digest());
}

/** What a server says of a file with that content. */
export function factsOf(path: string, content: string, more: Partial<ReceiptFacts> = {}): ReceiptFacts {
  return {
    principal: 'ann',
    path,
    size: Buffer.byteLength(content),
    algorithm: 'sha256',
    digest: digestOf(content),
    time: 1_700_000_000_123_456,
    operationId: Buffer.alloc(16, 7),
    ...more,
  };
}

export interface LineOptions extends Partial<ReceiptFacts> {
  readonly key?: keyof typeof signers;
  readonly file?: string | undefined;
  readonly url?: FilexUrl;
}

/** A line of a file of receipts. */
export function lineFor(path: string, content: string, options: LineOptions = {}): string {
  const { key = 'own', file = path, url = parseUrl('filex://nas/'), ...more } = options;
  const written = writeReceiptLine(signers[key](factsOf(path, content, more)), {
    server: serverAddress(url),
    file,
  });
  if ('fault' in written) throw new Error(written.fault);
  return written.text;
}
