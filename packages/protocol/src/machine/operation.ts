import type { Operation } from '../vocabulary.js';
import { type CallState, callTable } from './call.js';
import { type DownloadState, downloadTable } from './download.js';
import type { OperationEvent } from './events.js';
import { type ListingState, listingTable } from './listing.js';
import { step, type TransitionTable } from './table.js';
import { type UploadState, uploadTable } from './upload.js';

/** Which machine runs an operation. */
export const machineOf: { readonly [K in Operation]: MachineName } = {
  upload: 'upload',
  download: 'download',
  list: 'listing',
  stat: 'call',
  makeDirectory: 'call',
  rename: 'call',
  remove: 'call',
  digest: 'call',
};

/** The machines that run operations; the simple ones share `call`. */
export type MachineName = 'upload' | 'download' | 'listing' | 'call';
/** A state of any of the machines. */
export type OperationState = UploadState | DownloadState | ListingState | CallState;

/** Which event is allowed in which state of each machine, and where it leads. PROTOCOL.md, "Streams and operations". */
export const operationTables: {
  readonly [K in MachineName]: TransitionTable<string, OperationEvent>;
} = { upload: uploadTable, download: downloadTable, listing: listingTable, call: callTable };

/** The states that OPEN can lead to. */
export const initialStates: { readonly [K in MachineName]: readonly OperationState[] } = {
  upload: ['open', 'resuming'],
  download: ['requested'],
  listing: ['requested'],
  call: ['requested'],
};

/** The state right after OPEN. `offset`: the field of OPEN; an upload that has one goes on from where the responder says. */
export function initialState(machine: MachineName, offset: number): OperationState {
  if (machine === 'upload') return offset > 0 ? 'resuming' : 'open';
  return 'requested';
}

/** The next state of an operation, or undefined when the event is not allowed. `closed` is terminal in every machine. */
export function stepOperation(
  machine: MachineName,
  state: OperationState,
  event: OperationEvent,
): OperationState | undefined {
  return step(operationTables[machine], state, event) as OperationState | undefined;
}
