import { codes, FilexError } from '@filex/protocol';
import type { Peer, ServeEvent } from '@filex/protocol/node';
import { bounds } from '../bounds.js';
import { auditText } from './audit-text.js';

/**
 * One line of the audit log. Fields that do not apply are left out. Texts were made safe by `auditText`; `user`, where
 * `event` is `login` and `outcome` is `refused`, is who somebody claimed to be.
 */
export interface AuditRecord {
  /** `login`, `session`, `refusal`, `audit`, or the name of an operation (`upload`, `download`, `list`, …). */
  readonly event: string;
  /**
   * Of an operation that succeeded what became of it (`created`, `replaced`, `read`, …), else `refused`, `failed` (our fault)
   * or `given up` (the client went away). Of a login `accepted` or `refused`, of a session `closed` or `lost`.
   */
  readonly outcome: string;
  /** Why, by the protocol's name: `OK`, `NOT_FOUND`, … */
  readonly code?: string | undefined;
  /** Who; `anonymous` for nobody in particular. */
  readonly user?: string | undefined;
  /** `address:port` of the other end. */
  readonly address?: string | undefined;
  /** Counts up from 1 in one server process. */
  readonly connection?: number | undefined;
  /** Whether it was encrypted. */
  readonly secure?: boolean | undefined;
  /** How the user has logged in. */
  readonly mechanism?: string | undefined;
  /** What the program of the other end calls itself. */
  readonly agent?: string | undefined;
  /** The same on every retry of one request. */
  readonly operationId?: string | undefined;
  /** What was asked for, as the user sees it. */
  readonly path?: string | undefined;
  /** The new path, of a rename. */
  readonly target?: string | undefined;
  /** Of file content, of a transfer that succeeded. */
  readonly bytes?: number | undefined;
  /** The tree digest, as `algorithm:hexadecimal`. */
  readonly digest?: string | undefined;
  /** Milliseconds. */
  readonly duration?: number | undefined;
  /** Bytes on the wire, of a whole session. */
  readonly received?: number | undefined;
  /** Bytes on the wire, of a whole session. */
  readonly sent?: number | undefined;
  /** How many, of a whole session. */
  readonly operations?: number | undefined;
  /** The limit that was exceeded, by its name. */
  readonly limit?: string | undefined;
  /** For people. */
  readonly reason?: string | undefined;
}

/** Codes that are the fault of this end: somebody should look after it. */
const OUR_FAULT = new Set(['NO_SPACE', 'IO_ERROR', 'INTERNAL', 'BUSY']);

/** Nobody refused anything: the client, or its connection, went away. */
const GIVEN_UP = new Set(['CANCELLED', 'CONNECTION_LOST']);

/** Operations that move file content. */
const TRANSFERS = new Set(['upload', 'download']);

/** What is written down of an event. */
export function auditRecord(event: ServeEvent): AuditRecord {
  switch (event.type) {
    case 'connection':
      return { event: 'login', outcome: 'accepted', ...who(event.peer), agent: text(event.peer.agent) };
    case 'login failure': {
      const { address, user, reason } = event;
      return { event: 'login', outcome: 'refused', user: text(user), address, reason: text(reason) };
    }
    case 'disconnection': {
      const { peer, error, duration, received, sent, operations, limit } = event;
      return {
        event: 'session',
        outcome: error === undefined ? 'closed' : 'lost',
        code: error instanceof FilexError ? error.code : undefined,
        ...who(peer),
        duration: Math.round(duration),
        received,
        sent,
        operations,
        limit,
        reason: text(error?.message),
      };
    }
    case 'refused': {
      const { address, code, message, limit } = event;
      return { event: 'refusal', outcome: 'refused', code, address, limit, reason: text(message) };
    }
    case 'operation': {
      const { peer, operation, operationId, path, target, code, message, limit } = event;
      const { outcome, bytes, digest, algorithm, duration } = event;
      const { principal, address, connection, secure, mechanism } = peer;
      const done = code === 'OK';
      return {
        event: operation,
        outcome: done ? (outcome ?? 'done') : endOf(code),
        code,
        user: text(principal),
        address,
        connection,
        secure,
        mechanism,
        operationId,
        path: pathText(path),
        // Requests of other kinds have none, or an empty one.
        target:
          target === undefined || (target === '' && operation !== 'rename') ? undefined : pathText(target),
        // Of what failed, the bytes that came are not counted: to say 0 would not be true.
        bytes: done && TRANSFERS.has(operation) ? bytes : undefined,
        digest: digest === undefined ? undefined : `${algorithm}:${digest}`,
        duration: Math.round(duration),
        limit,
        reason: done ? undefined : text(message ?? codes[code].meaning),
      };
    }
  }
}

function who(peer: Peer): Pick<AuditRecord, 'user' | 'address' | 'connection' | 'secure' | 'mechanism'> {
  const { principal, address, connection, secure, mechanism } = peer;
  return { user: text(principal), address, connection, secure, mechanism };
}

function endOf(code: string): 'refused' | 'failed' | 'given up' {
  if (OUR_FAULT.has(code)) return 'failed';
  return GIVEN_UP.has(code) ? 'given up' : 'refused';
}

/** The root is told as what it is, `/`, which no other path can be. */
function pathText(path: string): string {
  return path === '' ? '/' : auditText(path, bounds.auditPath);
}

function text<T extends string | undefined>(value: T): T | string {
  return value === undefined ? value : auditText(value, bounds.auditText);
}
