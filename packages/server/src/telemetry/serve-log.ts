import type { ServeEvent } from '@filex/protocol/node';
import { type AuditRecord, auditRecord } from './audit-record.js';
import type { Logger } from './log.js';

/** What the log is besides. */
export interface ServeLogSettings {
  /** Whether all this is in an audit log, too: what succeeded is then told at `debug` only. Default: false. */
  readonly audited?: boolean | undefined;
}

/** Tells the log what happened on the wire, in the fields of an {@link AuditRecord}. */
export function logServeEvent(
  logger: Logger,
  event: ServeEvent,
  { audited = false }: ServeLogSettings = {},
): void {
  const record = auditRecord(event);
  const { event: what, ...details } = record;
  logger[levelOf(record, audited)](details, messageOf(event, record) ?? what);
}

function levelOf({ event, outcome }: AuditRecord, audited: boolean): keyof Logger {
  if (outcome === 'failed') return 'error';
  if (event === 'refusal' || (event === 'login' && outcome === 'refused')) return 'warn';
  const unusual = outcome === 'refused' || outcome === 'given up';
  return audited && !unusual && event !== 'login' && event !== 'session' ? 'debug' : 'info';
}

/** Undefined for an operation that succeeded: its name says it. */
function messageOf(event: ServeEvent, { outcome }: AuditRecord): string | undefined {
  switch (event.type) {
    case 'connection':
      return 'connected';
    case 'disconnection':
      return 'disconnected';
    case 'refused':
      return 'refused a connection';
    case 'login failure':
      return 'refused a login';
    case 'operation':
      return event.code === 'OK' ? undefined : `${event.operation} ${outcome}`;
  }
}
