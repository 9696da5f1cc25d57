/**
 * `filex-server` as a library: serve a folder, or a store of your own, from your program.
 *
 * @example
 * ```ts
 * import { mkdtemp, readFile, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { connect } from '@filex/protocol/node';
 * import { createServer } from 'filex-server';
 *
 * const root = await mkdtemp(join(tmpdir(), 'share-'));
 * const server = await createServer({ root, host: '127.0.0.1', port: 0, anonymous: 'write' });
 *
 * const session = await connect(server.urls[0] as string);
 * const { outcome, path } = await session.upload(Buffer.from('hello'), 'notes.txt');
 * console.log(outcome, path); // created notes.txt
 * console.log(await readFile(join(root, 'notes.txt'), 'utf8')); // hello
 * await session.close();
 *
 * await server.shutdown();
 * await rm(root, { recursive: true });
 * ```
 *
 * @packageDocumentation
 */
export { type AnonymousLevel, anonymousLevels } from './access/anonymous.js';
export { addUser, changePasscode, type NewUser, removeUser } from './access/change-users.js';
export { createPasscode } from './access/passcode.js';
export { type Permission, type Preset, permissions, presets, type Rule } from './access/permissions.js';
export { type Quota, type User, UsersError } from './access/users-document.js';
export { type UsersChange, UsersFile, type UsersFileOptions } from './access/users-file.js';
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
export { type AuditLog, type AuditOptions, createAuditLog } from './telemetry/audit.js';
export type { AuditRecord } from './telemetry/audit-record.js';
export type { Logger } from './telemetry/log.js';
export { openServerKey } from './tls/server-key.js';
