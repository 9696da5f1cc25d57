import type { OperationEvent } from './events.js';
import type { TransitionTable } from './table.js';

/**
 * A listing: the responder sends any number of ENTRY pages, under the same credit as DATA, and the RESULT.
 *
 *   requested   pages may come
 *   cancelled   the initiator gave up; pages under way are discarded until the responder has answered
 *   closed
 */
export type ListingState = 'requested' | 'cancelled' | 'closed';

export const listingTable: TransitionTable<ListingState, OperationEvent> = {
  requested: {
    I_RESET: 'cancelled',
    R_ENTRY: 'requested',
    R_SUCCESS: 'closed',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  cancelled: { R_ENTRY: 'cancelled', R_SUCCESS: 'closed', R_FAILURE: 'closed', R_RESET: 'closed' },
  closed: {},
};
