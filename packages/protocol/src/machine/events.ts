/**
 * What can happen on a stream, named for who sends it: `I_` the initiator (who sent OPEN), `R_` the responder. Both ends
 * run the same table over what they send and what they receive, so that both can judge every frame.
 */
export const operationEvents = [
  'I_DATA',
  'I_END',
  'I_RESET',
  'R_ACCEPT',
  'R_DATA',
  'R_END',
  'R_ENTRY',
  'R_ACK',
  /** RESULT with status OK. */
  'R_SUCCESS',
  /** RESULT with any other status. */
  'R_FAILURE',
  'R_RESET',
] as const;
/** One of {@link operationEvents}. */
export type OperationEvent = (typeof operationEvents)[number];
