/**
 * `@filex/protocol`: FileX/1 without I/O. Runs unchanged in Node, Deno, Bun and browsers. The TCP driver, `connect` and
 * `serve` are in `@filex/protocol/node`.
 *
 * @packageDocumentation
 */
export { type Code, type CodeInfo, codeName, codeNumber, codes } from './codes.js';
export {
  Connection,
  type ConnectionEvent,
  type ConnectionOptions,
  createConnection,
  type Negotiated,
  type OpenArguments,
  type OpenRequest,
  type OperationResult,
} from './connection.js';
export { type Effect, FilexError, type FilexErrorOptions, LocalProtocolError } from './errors.js';
export { type Limit, type Limits, limitTable, resolveLimits } from './limits.js';
export {
  type ConnectionMachineEvent,
  type ConnectionState,
  connectionEvents,
  connectionStates,
  connectionTable,
} from './machine/connection.js';
export { ReceiveCredit, SendCredit } from './machine/credit.js';
export { type OperationEvent, operationEvents } from './machine/events.js';
export {
  initialState,
  initialStates,
  type MachineName,
  machineOf,
  type OperationState,
  operationTables,
  stepOperation,
} from './machine/operation.js';
export { step, type TransitionTable } from './machine/table.js';
export { DEFAULT_PORT, type FilexUrl, formatUrl, parseUrl, type Scheme, schemes } from './url.js';
export { visibleText } from './visible-text.js';
export {
  type ConflictPolicy,
  conflictPolicies,
  type DigestAlgorithm,
  digestAlgorithms,
  type Entry,
  type EntryKind,
  entryKinds,
  type Operation,
  type Outcome,
  operations,
  outcomes,
} from './vocabulary.js';
export { type DecoderLimits, type DecoderSink, FrameDecoder } from './wire/decoder.js';
export {
  BLOCK_SIZE,
  DIGEST_SIZE,
  digestsEqual,
  type Hash,
  type HashFactory,
  TreeDigest,
} from './wire/digest.js';
export {
  FIRST_IGNORABLE_TYPE,
  type FrameName,
  frameName,
  frameTypes,
  HEADER_SIZE,
  type MessageName,
  writeHeader,
} from './wire/frame.js';
export { type Decoded, decodeMessage, encodeMessage, entrySize, type Messages } from './wire/messages.js';
export { checkPath, pathFault } from './wire/path.js';
export { type ForeignProtocol, foreignReply, PREFACE, recognise } from './wire/preface.js';
