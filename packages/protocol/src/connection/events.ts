import type { Code } from '../codes.js';
import type { DigestAlgorithm, Entry, Operation } from '../vocabulary.js';
import type { Messages } from '../wire/messages.js';

/** What both HELLOs settle. */
export interface Negotiated {
  /** The version both ends speak from now on. */
  readonly version: number;
  /** The digest for uploads and downloads, unless the operation says otherwise. */
  readonly algorithm: DigestAlgorithm;
  /** Digests that both ends have listed, the best of the client first: what an operation may ask for. */
  readonly digests: readonly DigestAlgorithm[];
  /** What the peer calls itself; peer-controlled text. */
  readonly agent: string;
  /** Capabilities both ends have. */
  readonly capabilities: readonly number[];
  /** What the server offers; empty on the server's side. */
  readonly mechanisms: readonly string[];
}

/** OPEN as a server sees it: the operation by name. */
export type OpenRequest = Omit<Messages['OPEN'], 'operation' | 'path'> & {
  /** What is wanted. */
  readonly operation: Operation;
  /** `''` is the root. */
  readonly path: string;
};

/** RESULT with its status by name. */
export type OperationResult = Omit<Messages['RESULT'], 'status'> & { readonly status: Code };

/**
 * What happened, in order. Drain with `Connection.events()` after each `receive` and `handleTimeout`.
 *
 * - `negotiated`, `auth`, `ready`: the handshake, up to where operations may start.
 * - `open`: a client wants something (server only). `accept`, `ack`, `result`: its answers (client only).
 * - `data`, `end`: the content of a file; `entries`: that of a folder. `reset`: the peer gave the stream up.
 * - `writable`, `pong`: what was waited for. `goaway`, `drained`, `fault`: the end, the last one of all.
 *
 * Offsets and lengths are bytes, digests tree digests of 32 bytes. PROTOCOL.md, "Messages".
 */
export type ConnectionEvent =
  | ({ readonly type: 'negotiated' } & Negotiated)
  /** A step of the peer's authentication: answer with `authenticate`, `challenge` or `authenticated`. */
  | { readonly type: 'auth'; readonly mechanism: string | undefined; readonly data: Uint8Array | undefined }
  /** Operations may start. `data`: what a client is given with the success, which may have to prove the server. */
  | { readonly type: 'ready'; readonly principal: string; readonly data: Uint8Array | undefined }
  | { readonly type: 'open'; readonly stream: number; readonly request: OpenRequest }
  | { readonly type: 'accept'; readonly stream: number; readonly accept: Messages['ACCEPT'] }
  /**
   * A view of the chunk that was received: it is good for as long as the owner of that chunk leaves it alone. Every
   * byte must be given back with `consume(stream, bytes.length)`, also when the stream has ended since.
   */
  | { readonly type: 'data'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly stream: number; readonly length: number; readonly digest: Uint8Array }
  | { readonly type: 'ack'; readonly stream: number; readonly offset: number }
  /** `size` bytes of credit are to be given back with `consume(stream, size)`. */
  | {
      readonly type: 'entries';
      readonly stream: number;
      readonly entries: readonly Entry[];
      readonly size: number;
    }
  | { readonly type: 'result'; readonly stream: number; readonly result: OperationResult }
  | {
      readonly type: 'reset';
      readonly stream: number;
      readonly code: Code;
      readonly reason: string | undefined;
    }
  /** There is more credit to send with: on one stream, or (0) on the connection. */
  | { readonly type: 'writable'; readonly stream: number }
  | { readonly type: 'pong'; readonly token: number }
  /** The peer ends the connection: gracefully (`OK`: what runs may finish) or at once. */
  | {
      readonly type: 'goaway';
      readonly code: Code;
      readonly lastStream: number;
      readonly reason: string | undefined;
    }
  /** The last stream has ended after a graceful GOAWAY: send the output and end the transport. */
  | { readonly type: 'drained' }
  /** The peer broke the rules. A GOAWAY is in the output; after sending it, end the transport. */
  | { readonly type: 'fault'; readonly code: Code; readonly message: string };
