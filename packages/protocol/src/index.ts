/**
 * `@filex/protocol`: FileX/1 without I/O. Runs unchanged in Node, Deno, Bun and browsers. The TCP driver, `connect` and
 * `serve` are in `@filex/protocol/node`.
 *
 * @example
 * ```ts
 * import { createConnection } from '@filex/protocol';
 *
 * const now = () => performance.now();
 * const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));
 * const client = createConnection({ role: 'client', now: now(), random });
 * const server = createConnection({ role: 'server', now: now(), random });
 *
 * // Bytes in, bytes and events out, until nobody has anything to say. Over a network, only the bytes go another way.
 * while (client.outputSize + server.outputSize > 0) {
 *   for (const bytes of client.takeOutput()) server.receive(bytes, now());
 *   for (const event of server.events()) {
 *     if (event.type === 'auth') server.authenticated('anonymous');
 *     if (event.type === 'open') server.result(event.stream, { status: 'NOT_FOUND', effect: 'none' });
 *   }
 *   for (const bytes of server.takeOutput()) client.receive(bytes, now());
 *   for (const event of client.events()) {
 *     if (event.type === 'negotiated') client.authenticate('ANONYMOUS');
 *     if (event.type === 'ready') client.open({ operation: 'stat', path: 'notes.txt' });
 *     if (event.type === 'result') console.log(event.result.status); // NOT_FOUND
 *   }
 * }
 * ```
 *
 * @packageDocumentation
 */
export { type Code, type CodeInfo, codeName, codeNumber, codes } from './codes.js';
export {
  Connection,
  type ConnectionEvent,
  type ConnectionOptions,
  type CreditUse,
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
  type SignatureAlgorithm,
  signatureAlgorithms,
} from './vocabulary.js';
export { type DecoderLimits, type DecoderSink, FrameDecoder } from './wire/decoder.js';
export {
  BLOCK_SIZE,
  DIGEST_SIZE,
  digestsEqual,
  type Hash,
  type HashFactory,
  TreeDigest,
  treeDigestOf,
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
export {
  type DecodedReceipt,
  decodeReceipt,
  encodeReceipt,
  encodeReceiptStatement,
  type Receipt,
  type ReceiptStatement,
  signedBytes,
} from './wire/receipt.js';
