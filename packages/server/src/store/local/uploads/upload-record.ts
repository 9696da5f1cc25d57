import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ConflictPolicy, DigestAlgorithm } from '@filex/protocol';
import type { UploadKey } from '../../store.js';

/** What was verified of a file, and is about to get, or has got, a name. */
export interface RecordedContent {
  /** Bytes. */
  readonly length: number;
  /** The tree digest, hexadecimal. */
  readonly digest: string;
  readonly algorithm: DigestAlgorithm;
}

/** The last step of an upload that is on record. */
export interface UploadRecord {
  /** Names the upload, here and as a file: see {@link uploadName}. */
  readonly name: string;
  readonly principal: string;
  /** What the client asked for, in one notation. */
  readonly arguments: string;
  /** The highest that was told, or may have been. */
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Where to, and how, as the store was asked. */
  readonly path: string;
  readonly size?: number | undefined;
  readonly ifExists: ConflictPolicy;
  readonly mtime?: number | undefined;
  readonly executable: boolean;
  /** Whole blocks staged, with their digests, that survive a power cut. */
  readonly durable: number;
  /**
   * Whether another server had it before, whose journal may say what is not true any more: this one must be found as long as that
   * may be.
   */
  readonly taken?: boolean | undefined;
  /** What is about to be published, and where; `moved`: the staged file goes there itself. */
  readonly intent?:
    | (RecordedContent & {
        readonly path: string;
        readonly outcome: 'created' | 'replaced';
        readonly moved: boolean;
        /** Microseconds since 1970, which the file was given. */
        readonly mtime: number;
      })
    | undefined;
  /** What was. */
  readonly committed?:
    | (RecordedContent & {
        readonly path: string;
        readonly outcome: 'created' | 'replaced' | 'identical';
        readonly etag: string;
        /** Microseconds since 1970. */
        readonly time: number;
      })
    | undefined;
}

/** What a journal says, line by line: of an upload, that it is forgotten, or which run of the machine writes it. */
export type JournalLine =
  | { readonly upload: UploadRecord }
  | { readonly forget: string }
  | { readonly boot: string };

/** Who is asked for an upload by its name learns nothing of whose it is; the same name for every attempt. */
export function uploadName({ principal, operationId }: UploadKey): string {
  return hash('sha256', `${operationId} ${principal}`, 'hex').slice(0, 40);
}

/** One line, with a checksum, so that what was only partly written is seen. */
export function formatLine(line: JournalLine): string {
  const text = JSON.stringify(line);
  return `${checksum(text)} ${text}\n`;
}

/** Reads back what {@link formatLine} wrote; undefined for anything else. */
export function parseLine(text: string): JournalLine | undefined {
  const json = text.slice(9);
  if (text.slice(0, 9) !== `${checksum(json)} `) return undefined;
  // With the checksum right, it is what was written.
  return JSON.parse(json) as JournalLine;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
