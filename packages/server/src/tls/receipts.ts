import { FilexError } from '@filex/protocol';
import { receiptSigner, type ServeOptions, type TlsKey } from '@filex/protocol/node';

/** What signs receipts with a key; undefined for a key of a kind that signs none, which is good for TLS all the same. */
export function receiptsOf(key: TlsKey['key']): ServeOptions['receipts'] {
  try {
    return receiptSigner(key);
  } catch (error) {
    if (error instanceof FilexError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}
