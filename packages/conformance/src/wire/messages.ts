/**
 * The messages by the names of PROTOCOL.md. To encode, any field may be left out or given as raw bytes, so that a case can
 * say what no honest peer would; what was decoded is always as PROTOCOL.md wants it.
 */
export interface Messages {
  HELLO: {
    versions: readonly number[];
    capabilities: readonly number[];
    digests: readonly number[];
    maxDataPayload: number;
    maxStreams: number;
    streamWindow: number;
    connectionWindow: number;
    nonce: Buffer;
    mechanisms?: readonly string[];
    agent?: string;
  };
  AUTH: { mechanism?: string; data?: Buffer; step?: string; principal?: string };
  OPEN: {
    operation: number;
    operationId: Buffer;
    path?: string;
    target?: string;
    size?: number;
    ifExists?: string;
    mtime?: number;
    executable?: boolean;
    algorithm?: string;
    recursive?: boolean;
    parents?: boolean;
    ifMatch?: string;
    offset?: number;
    prefix?: Buffer;
    receipt?: boolean;
  };
  ACCEPT: {
    offset: number;
    epoch: number;
    etag?: string;
    size?: number;
    mtime?: number;
    executable?: boolean;
    algorithm?: string;
    prefix?: Buffer;
  };
  END: { length: number; digest: Buffer };
  ACK: { offset: number };
  ENTRY: { entries: readonly Entry[] };
  RESULT: {
    status: number;
    detail?: string;
    retry?: boolean;
    effect: string;
    outcome?: string;
    path?: string;
    etag?: string;
    entry?: Entry;
    receipt?: Buffer;
    digest?: Buffer;
  };
  RESET: { code: number; finalOffset: number; reason?: string };
  CREDIT: { limit: number };
  PING: { token: number };
  PONG: { token: number };
  GOAWAY: { code: number; lastStream: number; reason?: string };
}

export interface Entry {
  path?: string;
  kind: string;
  size: number;
  mtime: number;
  executable?: boolean;
  etag?: string;
}

export type MessageName = keyof Messages;

/** What may be given to the encoder: everything is optional, and anything may be raw bytes. */
export type Loose<N extends MessageName> = {
  readonly [K in keyof Messages[N]]?: Messages[N][K] | Uint8Array | number | undefined;
};
