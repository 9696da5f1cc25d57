import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '@filex/protocol/node';

interface Waiting {
  readonly text: string;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A file that receipts are added to, a line each. A line that was added has been flushed to the disk; lines that come meanwhile
 * share the next flush.
 */
export class ReceiptFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Whether what is added next has to end another line first. */
  #cut: boolean;

  private constructor(path: string, handle: FileHandle, cut: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#cut = cut;
  }

  /**
   * Made when it is not there, for its owner alone.
   * @throws FilexError when it cannot be written to.
   */
  static async open(path: string): Promise<ReceiptFile> {
    try {
      const handle = await open(path, 'a+', 0o600);
      try {
        return new ReceiptFile(path, handle, await endsInside(handle));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw fileError(error, { action: 'write the receipts to', path });
    }
  }

  /** @throws FilexError when it could not be written; then a part of it may be there, and is no receipt. */
  add(text: string): Promise<void> {
    const added = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
    });
    this.#writing ??= this.#write();
    return added;
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close();
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      const text = batch.map((each) => `${each.text}\n`).join('');
      try {
        await this.#handle.appendFile(this.#cut ? `\n${text}` : text);
        await this.#handle.datasync();
        this.#cut = false;
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        this.#cut = true;
        const error = fileError(cause, { action: 'write the receipts to', path: this.#path });
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = undefined;
  }
}

async function endsInside(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
