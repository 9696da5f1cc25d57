/**
 * `@filex/protocol/node`: FileX over TCP for Node.js. `connect` gives a `Session`, `serve` runs a `Handler`.
 *
 * @packageDocumentation
 */
export { connect } from './connect.js';
export { loadDigestProviders, sha256Provider } from './digests.js';
export * from './files/index.js';
export { isLoopback, serve } from './serve.js';
export type * from './types.js';
