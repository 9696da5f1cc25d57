export {
  Connection,
  type ConnectionOptions,
  createConnection,
  type OpenArguments,
} from './connection/connection.js';
export type { ConnectionEvent, Negotiated, OpenRequest, OperationResult } from './connection/events.js';
export type { CreditUse } from './connection/receive-ledger.js';
