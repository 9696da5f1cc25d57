import type { OperationEvent } from './events.js';
import type { TransitionTable } from './table.js';

/**
 * A call: a question in OPEN, the answer in RESULT (stat, makeDirectory, rename, remove, digest).
 *
 *   requested   waiting for the answer
 *   cancelled   the initiator gave up; the answer may still be success, because the call may have won the race
 *   closed
 */
export type CallState = 'requested' | 'cancelled' | 'closed';

export const callTable: TransitionTable<CallState, OperationEvent> = {
  requested: { I_RESET: 'cancelled', R_SUCCESS: 'closed', R_FAILURE: 'closed', R_RESET: 'closed' },
  cancelled: { R_SUCCESS: 'closed', R_FAILURE: 'closed', R_RESET: 'closed' },
  closed: {},
};
