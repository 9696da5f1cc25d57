import type { Writable } from 'node:stream';
import type { ServeEvent } from '@filex/protocol/node';
import { AuditFile } from './audit-file.js';
import { type AuditRecord, auditRecord } from './audit-record.js';
import type { AuditSink } from './audit-sink.js';
import { AuditStream } from './audit-stream.js';
import { type Logger, silentLogger } from './log.js';

/**
 * Who did what: one line of JSON for each login, session, transfer, other operation and refusal, with `time` and the fields of
 * {@link AuditRecord}. What peers have said in it can forge neither a line nor a field.
 */
export interface AuditLog {
  /** Writes an event down; what cannot be written is told to the logger, and never stops the server. */
  record(event: ServeEvent): void;
  /** Resolves when all is written and flushed, as far as that can be done. */
  close(): Promise<void>;
}

/** Where the lines go, and who is told when they cannot. */
export type AuditOptions = {
  /** Told that lines cannot be written, once a minute at most. Default: nobody. */
  readonly logger?: Logger | undefined;
  /** Milliseconds since 1970; a parameter for tests. */
  readonly now?: (() => number) | undefined;
} & (
  | {
      /**
       * Appended to, made for its owner alone (0600) when it is not there. When another file, or none, has the name later on
       * (rotation), that one is written to within a second.
       */
      readonly file: string;
    }
  | {
      /** Stays open at the end. */
      readonly stream: Writable;
    }
);

/**
 * @throws FilexError when the file cannot be written to, is a symlink or no plain file, belongs to somebody else, or can
 * be changed by somebody else (`PERMISSION_DENIED`).
 */
export async function createAuditLog(options: AuditOptions): Promise<AuditLog> {
  const { logger = silentLogger, now = Date.now } = options;
  const line = (record: AuditRecord): string =>
    `${JSON.stringify({ time: new Date(now()).toISOString(), ...record })}\n`;
  const lost = (lines: number): string =>
    line({ event: 'audit', outcome: 'lost', reason: `${lines} lines could not be written` });
  const sink: AuditSink =
    'file' in options
      ? await AuditFile.open(options.file, { logger, now, lost })
      : new AuditStream(options.stream, { logger, now, lost });
  return {
    record: (event) => sink.write(line(auditRecord(event))),
    close: () => sink.close(),
  };
}
