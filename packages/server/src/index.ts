/**
 * `filex-server` as a library: serve a folder, or a store of your own, from your program.
 *
 * @packageDocumentation
 */
export { type AnonymousLevel, anonymousLevels } from './access/anonymous.js';
export { type CreateServerOptions, createServer, type FilexServer } from './create-server.js';
export { LocalStore, type LocalStoreOptions } from './store/local/local-store.js';
export type { Warn } from './store/local/warn.js';
export type {
  CommitOutcome,
  CommitRequest,
  MakeDirectoryOptions,
  StagedUpload,
  StageRequest,
  Store,
  StoredFile,
} from './store/store.js';
export type { Logger } from './telemetry/log.js';
