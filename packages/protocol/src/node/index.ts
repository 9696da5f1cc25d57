/**
 * `@filex/protocol/node`: FileX over TCP for Node.js. `connect` gives a `Session`, `serve` runs a `Handler`.
 *
 * @example
 * ```ts
 * import { type Entry, FilexError } from '@filex/protocol';
 * import { connect, type Handler, serve } from '@filex/protocol/node';
 *
 * // A server with one file in it, which cannot be changed.
 * const text = Buffer.from('hello');
 * const entry: Entry = { path: 'hello.txt', kind: 'file', size: text.length, mtime: 0, executable: false };
 * const refuse = () => Promise.reject(new FilexError('UNSUPPORTED', 'this server only gives'));
 * const handler: Handler = {
 *   stat: async () => entry,
 *   async *list() {
 *     yield entry;
 *   },
 *   download: async () => ({
 *     entry,
 *     read: async (buffer, offset) => text.copy(buffer, 0, offset),
 *     close: () => undefined,
 *   }),
 *   upload: refuse,
 *   makeDirectory: refuse,
 *   rename: refuse,
 *   remove: refuse,
 * };
 * const server = await serve({ handler, host: '127.0.0.1', port: 0 });
 *
 * const session = await connect(`filex+tcp://127.0.0.1:${server.address.port}/`);
 * for await (const { path, size } of session.list()) console.log(path, size); // hello.txt 5
 * for await (const bytes of session.read('hello.txt')) console.log(String(Buffer.from(bytes))); // hello
 * await session.upload(text, 'mine.txt').catch(({ code }) => console.log(code)); // UNSUPPORTED
 *
 * await session.close();
 * await server.shutdown();
 * ```
 *
 * @packageDocumentation
 */
export { MIN_ITERATIONS, prepare, type Verifier } from '../auth/scram-keys.js';
export { createVerifier } from './auth/verifier.js';
export { connect } from './connect.js';
export { loadDigestProviders, sha256Provider } from './digests.js';
export * from './files/index.js';
export { nodeLimitTable } from './limit-table.js';
export { receiptSigner, type VerifiedReceipt, verifyReceipt } from './receipts.js';
export { serve } from './serve.js';
export { isLoopback } from './server/address.js';
export { FairShare } from './server/fair-share.js';
export {
  resolveServerLimits,
  type ServerLimit,
  type ServerLimitName,
  type ServerLimits,
  serverLimitTable,
} from './server/server-limits.js';
export { secureContext } from './tls/accept.js';
export { fingerprintOf } from './tls/fingerprint.js';
export type * from './types.js';
export { type WorkClock, WorkSlices, workSlices } from './work-slices.js';
