import { codes } from '@filex/protocol';
import type { ServeEvent } from '@filex/protocol/node';
import type { Logger } from './log.js';

/** Codes that are the fault of this end: somebody should look after it. */
const OUR_FAULT = new Set(['NO_SPACE', 'IO_ERROR', 'INTERNAL', 'BUSY']);

/** Nobody refused anything: the client, or its connection, went away. */
const GIVEN_UP = new Set(['CANCELLED', 'CONNECTION_LOST']);

/** Writes down what happened on the wire. */
export function logServeEvent(logger: Logger, event: ServeEvent): void {
  switch (event.type) {
    case 'connection': {
      const { connection, address, principal, agent } = event.peer;
      logger.info({ connection, address, principal, agent }, 'connected');
      return;
    }
    case 'disconnection': {
      const { connection, address } = event.peer;
      logger.info({ connection, address, reason: event.error?.message }, 'disconnected');
      return;
    }
    case 'refused':
      logger.warn(
        { address: event.address, code: event.code, reason: event.message },
        'refused a connection',
      );
      return;
    case 'login failure':
      logger.warn({ address: event.address, user: event.user, reason: event.reason }, 'refused a login');
      return;
    case 'operation': {
      const { peer, operation, path, code, message, outcome, bytes, duration } = event;
      const details = { connection: peer.connection, path, ms: Math.round(duration) };
      // Of what failed, the bytes that came are not counted: to say 0 would not be true.
      if (code === 'OK') logger.debug({ ...details, outcome, bytes }, operation);
      else if (OUR_FAULT.has(code))
        logger.error({ ...details, code, reason: message }, `${operation} failed`);
      else {
        const ended = GIVEN_UP.has(code) ? 'given up' : 'refused';
        logger.info({ ...details, code, reason: message ?? codes[code].meaning }, `${operation} ${ended}`);
      }
    }
  }
}
