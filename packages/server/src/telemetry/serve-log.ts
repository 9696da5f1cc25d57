import { codes } from '@filex/protocol';
import type { ServeEvent } from '@filex/protocol/node';
import type { Logger } from './log.js';

/** Codes that are the fault of this end: somebody should look after it. */
const OUR_FAULT = new Set(['NO_SPACE', 'IO_ERROR', 'INTERNAL', 'BUSY']);

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
    case 'operation': {
      const { peer, operation, path, code, message, outcome, bytes, duration } = event;
      const details = { connection: peer.connection, path, outcome, bytes, ms: Math.round(duration) };
      if (code === 'OK') logger.debug(details, operation);
      else if (OUR_FAULT.has(code))
        logger.error({ ...details, code, reason: message }, `${operation} failed`);
      else logger.info({ ...details, code, reason: message ?? codes[code].meaning }, `${operation} refused`);
    }
  }
}
