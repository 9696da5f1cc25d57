import type { OperationEvent } from './events.js';
import type { TransitionTable } from './table.js';

/**
 * A download: the responder ACCEPTs (size, version), sends DATA and END, and the RESULT.
 *
 *   requested   waiting for ACCEPT
 *   streaming   DATA flows
 *   ended       END was sent, with length and digest; the RESULT closes
 *   cancelled   the initiator gave up; what is under way is discarded until the responder has answered
 *   closed
 */
export type DownloadState = 'requested' | 'streaming' | 'ended' | 'cancelled' | 'closed';

export const downloadTable: TransitionTable<DownloadState, OperationEvent> = {
  requested: { I_RESET: 'cancelled', R_ACCEPT: 'streaming', R_FAILURE: 'closed', R_RESET: 'closed' },
  streaming: {
    I_RESET: 'cancelled',
    R_DATA: 'streaming',
    R_END: 'ended',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  ended: { I_RESET: 'cancelled', R_SUCCESS: 'closed', R_FAILURE: 'closed', R_RESET: 'closed' },
  cancelled: {
    R_ACCEPT: 'cancelled',
    R_DATA: 'cancelled',
    R_END: 'cancelled',
    R_SUCCESS: 'closed',
    R_FAILURE: 'closed',
    R_RESET: 'closed',
  },
  closed: {},
};

/**
 * Where the responder goes on: where it was asked to when the initiator has the same bytes up to there, else at the beginning.
 * @param asked the offset of OPEN.
 * @param size bytes of the responder's file.
 * @param prefixIsSame whether the digest of OPEN is that of the responder's first `asked` bytes.
 */
export function downloadOffset(asked: number, size: number, prefixIsSame: boolean): number {
  return asked <= size && prefixIsSame ? asked : 0;
}
