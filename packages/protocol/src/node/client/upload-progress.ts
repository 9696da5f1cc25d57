import { BLOCK_SIZE } from '../../wire/digest.js';
import type { UploadOptions } from '../types.js';

/** Tells how far an upload is, over all of its attempts. What its listener throws comes from the call that told. */
export class UploadProgress {
  readonly #listener: UploadOptions['onProgress'];
  /** Bytes of the file, when known. */
  total: number | undefined;
  #sent = 0;
  #acknowledged = 0;

  constructor(listener: UploadOptions['onProgress']) {
    this.#listener = listener;
  }

  /** So much is there already, from another attempt. */
  startAt(offset: number): void {
    this.#sent = offset;
    // A server that goes on from the beginning of a block has not lost what it has of it.
    if (offset + BLOCK_SIZE <= this.#acknowledged || offset > this.#acknowledged) this.#acknowledged = offset;
  }

  sent(offset: number): void {
    this.#sent = offset;
    this.#tell();
  }

  acknowledged(offset: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, offset);
    this.#tell();
  }

  #tell(): void {
    this.#listener?.({ transferred: this.#sent, acknowledged: this.#acknowledged, total: this.total });
  }
}
