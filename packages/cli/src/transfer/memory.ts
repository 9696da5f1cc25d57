import type { ConflictPolicy, FilexUrl } from '@filex/protocol';
import type { DownloadOptions, TransferResult, UploadOptions } from '@filex/protocol/node';

/** Which file goes where. */
export interface RememberedJob {
  readonly url: FilexUrl;
  readonly remote: string;
  readonly local: string;
  readonly ifExists: ConflictPolicy;
  /** Bytes. */
  readonly size: number;
}

/** With what an upload goes on. */
export type UploadTies = Pick<UploadOptions, 'operationId' | 'earlierAttempts' | 'onAttempt'>;
/** With what a download goes on. */
export type DownloadTies = Pick<DownloadOptions, 'partial'>;

/**
 * Remembers transfers of large files between runs of this program, so that a later run goes on where an earlier one ended. It is a
 * comfort: whatever goes wrong with it, the transfer takes place all the same.
 */
export interface TransferMemory {
  /** @param send uploads the file; without ties, it will not be gone on with. */
  upload(
    job: RememberedJob,
    send: (ties: UploadTies | undefined) => Promise<TransferResult>,
  ): Promise<TransferResult>;
  /** @param fetch downloads the file; without ties, it will not be gone on with. */
  download(
    job: RememberedJob & { readonly etag: string | undefined },
    fetch: (ties: DownloadTies | undefined) => Promise<TransferResult>,
  ): Promise<TransferResult>;
}
