import { FilexError, type FilexUrl } from '@filex/protocol';
import type { Session, TransferResult } from '@filex/protocol/node';
import { AdvisedError } from '../errors.js';
import type { ReceiptFile } from './receipt-file.js';
import { serverAddress, writeReceiptLine } from './receipt-line.js';

/** Takes the receipt of an upload; `file` is what the file is called on this machine. */
export type KeepReceipt = (result: TransferResult, file: string | undefined) => Promise<void>;

/**
 * Looks at each receipt, and writes it down when it says what has happened, signed with the key that the server has shown.
 * What is not so fails the file, although it is stored.
 */
export function keepReceipts(session: Session, url: FilexUrl, into: ReceiptFile): KeepReceipt {
  const server = serverAddress(url);
  const { identity, principal } = session.server;
  return async ({ receipt, path, size, digest, algorithm }, file) => {
    if (receipt === undefined)
      throw new AdvisedError(
        'UNSUPPORTED',
        `${JSON.stringify(path)} is stored, but the server gives no receipts`,
        'Leave out --receipts, or ask for a newer server, one with a key for TLS.',
      );
    const written = writeReceiptLine(receipt, { server, file });
    if ('fault' in written) throw wrong(path, written.fault);
    const { line } = written.read;
    if (identity !== undefined && line.key !== identity.fingerprint)
      throw wrong(path, 'it is signed with another key than the server has shown');
    const expected = { path, size, digest: `${algorithm}:${digest}`, principal };
    for (const [name, value] of Object.entries(expected)) {
      if (line[name as keyof typeof expected] !== value)
        throw wrong(path, `its "${name}" is not that of what was uploaded`);
    }
    await into.add(written.text);
  };
}

function wrong(path: string, fault: string): FilexError {
  return new FilexError(
    'DIGEST_MISMATCH',
    `${JSON.stringify(path)} is stored, but the receipt that the server gave is not right: ${fault}`,
    { path, effect: 'applied' },
  );
}
