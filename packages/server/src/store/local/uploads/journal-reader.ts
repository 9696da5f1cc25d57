import { open } from 'node:fs/promises';
import { errnoOf } from '@filex/protocol/node';
import { bounds } from '../../../bounds.js';
import { JOURNAL } from './journal.js';
import { parseLine, type UploadRecord } from './upload-record.js';

/**
 * The journal of another server, as far as it was written when it was last looked at. What is new is read each time, and only
 * that.
 */
export class JournalReader {
  /** What was read last of each upload. */
  readonly records = new Map<string, UploadRecord>();
  /** Which run of the machine has written it. */
  boot = '';
  #inode = 0n;
  #at = 0;
  #rest = '';

  /** Reads on. @param folder where the journal is. @returns whether there is one. */
  async refresh(folder: string): Promise<boolean> {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(`${folder}/${JOURNAL}`, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    try {
      const { ino, size } = await file.stat({ bigint: true });
      if (ino !== this.#inode || size < BigInt(this.#at)) this.#begin(ino);
      const buffer = Buffer.alloc(bounds.journalRead);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#at);
        if (bytesRead === 0) return true;
        this.#at += bytesRead;
        // As bytes, so that a character which is cut in two by a read is not lost.
        this.#take(buffer.toString('latin1', 0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }

  /** It was written anew. */
  #begin(inode: bigint): void {
    this.#inode = inode;
    this.#at = 0;
    this.#rest = '';
    this.records.clear();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    // What has no end yet is being written, or never was whole.
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#takeLine(Buffer.from(line, 'latin1').toString());
  }

  #takeLine(text: string): void {
    const line = parseLine(text);
    if (line === undefined) return; // not wholly written; whoever waited for it was never told
    if ('boot' in line) this.boot = line.boot;
    else if ('forget' in line) this.records.delete(line.forget);
    else this.records.set(line.upload.name, line.upload);
  }
}
