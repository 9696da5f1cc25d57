import type { OperationEvent } from './events.js';
import type { TransitionTable } from './table.js';

/**
 * An upload: the initiator sends DATA and END, the responder may ACCEPT, acknowledges and gives the RESULT.
 *
 *   resuming           the initiator asks where to go on, and sends nothing before it knows
 *   open, accepted     the initiator sends; not yet, or already, accepted
 *   sent, committing   the initiator is done; the same two
 *   settled            the responder gave a failure while the initiator was still sending: what is under way is discarded
 *   cancelled          the initiator gave up before its END: nothing can have been committed
 *   withdrawn          the initiator gave up after its END: the commit may win the race, so success is still possible
 *   closed             both ends are done
 *
 * Why success is only allowed after END: without the final length and digest nothing can have been verified.
 */
export type UploadState =
  | 'resuming'
  | 'open'
  | 'accepted'
  | 'sent'
  | 'committing'
  | 'settled'
  | 'cancelled'
  | 'withdrawn'
  | 'closed';

export const uploadTable: TransitionTable<UploadState, OperationEvent> = {
  // Nothing is under way from the initiator, so a refusal ends it on both sides.
  resuming: { I_RESET: 'cancelled', R_ACCEPT: 'accepted', R_FAILURE: 'closed', R_RESET: 'closed' },
  open: {
    I_DATA: 'open',
    I_END: 'sent',
    I_RESET: 'cancelled',
    R_ACCEPT: 'accepted',
    R_FAILURE: 'settled',
    R_RESET: 'settled',
  },
  accepted: {
    I_DATA: 'accepted',
    I_END: 'committing',
    I_RESET: 'cancelled',
    R_ACK: 'accepted',
    R_FAILURE: 'settled',
    R_RESET: 'settled',
  },
  // A small file is often sent whole before the answer to OPEN exists; the responder may skip ACCEPT then.
  sent: {
    I_RESET: 'withdrawn',
    R_ACCEPT: 'committing',
    R_SUCCESS: 'closed',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  committing: {
    I_RESET: 'withdrawn',
    R_ACK: 'committing',
    R_SUCCESS: 'closed',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  settled: { I_DATA: 'settled', I_END: 'closed', I_RESET: 'closed' },
  cancelled: { R_ACCEPT: 'cancelled', R_ACK: 'cancelled', R_FAILURE: 'closed', R_RESET: 'closed' },
  withdrawn: {
    R_ACCEPT: 'withdrawn',
    R_ACK: 'withdrawn',
    R_SUCCESS: 'closed',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  closed: {},
};
