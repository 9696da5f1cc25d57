import type { ReceiveCredit, SendCredit } from '../machine/credit.js';
import type { MachineName, OperationState } from '../machine/operation.js';

/** What a connection keeps about one stream. */
export interface StreamRecord {
  readonly id: number;
  readonly machine: MachineName;
  state: OperationState;
  /** Set on the end that sends DATA or ENTRY. */
  readonly send: SendCredit | undefined;
  /** Set on the end that receives them. */
  readonly receive: ReceiveCredit | undefined;
  /** What OPEN asked for: the responder may start there or before, not beyond. */
  readonly offset: number;
  /** Where in the file the first byte of DATA belongs. */
  base: number;
  /** Bytes of DATA that passed, either way. */
  dataLength: number;
  /** The last ACK that passed. */
  acknowledged: number;
}

/** Frames in these states are under way from before their sender knew better; they are counted and dropped. */
export function isDiscarding(stream: StreamRecord): boolean {
  return stream.state === 'settled' || stream.state === 'cancelled' || stream.state === 'withdrawn';
}
