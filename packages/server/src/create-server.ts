import type { Limits } from '@filex/protocol';
import {
  type DigestProvider,
  fingerprintOf,
  loadDigestProviders,
  type ServeOptions,
  type Server,
  type ServerLimits,
  serve,
  type TlsKey,
} from '@filex/protocol/node';
import { type AnonymousLevel, anonymousAccess } from './access/anonymous.js';
import { serverUrls } from './addresses.js';
import { createHandler } from './service.js';
import { LocalStore } from './store/local/local-store.js';
import type { Store } from './store/store.js';
import { type Logger, silentLogger } from './telemetry/log.js';
import { logServeEvent } from './telemetry/serve-log.js';
import { temporaryKey } from './tls/server-key.js';
import { AGENT } from './version.js';

/** What to serve, where, and for whom. */
export interface CreateServerOptions {
  /** The folder to serve, which must exist, or any other store. */
  readonly root: string | Store;
  /** Default: all addresses. */
  readonly host?: string | undefined;
  /** Default: 12345; 0 picks a free one. */
  readonly port?: number | undefined;
  /**
   * The key to be known by: one with its certificate, PEM; or what gives the present one for each connection, with
   * `fingerprint`. `false` is for plaintext only. Default: a new key, for as long as this server runs; {@link openServerKey}
   * has one that stays.
   */
  readonly tls?: Exclude<ServeOptions['tls'], undefined> | false | undefined;
  /** `sha256:…`, of the key that a `tls` function gives; only for `urls`. */
  readonly fingerprint?: string | undefined;
  /** Who may talk without encryption. Default: `loopback`, programs on this machine. */
  readonly plaintext?: 'off' | 'loopback' | 'on' | undefined;
  /** What people may do without saying who they are. Default: `none`. */
  readonly anonymous?: AnonymousLevel | undefined;
  /** Default: none. */
  readonly logger?: Logger | undefined;
  /** Limits of the protocol that differ from `standard` in `limitTable` of `@filex/protocol`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Default: BLAKE3 where it is to be had, and SHA-256. */
  readonly digests?: readonly DigestProvider[] | undefined;
  /** Limits of the server that differ from `standard` in `serverLimitTable` of `@filex/protocol/node`. */
  readonly serverLimits?: Partial<ServerLimits> | undefined;
}

/** A server that runs. */
export interface FilexServer {
  /** For clients, with the fingerprint that they know this server by; the first one is for this machine. */
  readonly urls: readonly string[];
  /** Those without encryption, for whom `plaintext` lets in; none with `off`. */
  readonly plaintextUrls: readonly string[];
  /** `sha256:…` of the key; undefined without TLS. */
  readonly fingerprint: string | undefined;
  /** Where it listens; still told after it has stopped. */
  readonly address: Server['address'];
  /** How many there are now. */
  readonly connections: number;
  /** Takes nothing new, and resolves when everything that runs is done. */
  shutdown(): Promise<void>;
  /** Ends everything at once, and resolves when all is cleaned up. May follow `shutdown`. */
  destroy(): Promise<void>;
}

/**
 * Serves a folder.
 * @throws FilexError when the folder cannot be served, the error of `net.Server.listen` when the port cannot be had.
 */
export async function createServer(options: CreateServerOptions): Promise<FilexServer> {
  const { root, host, port, plaintext = 'loopback', anonymous = 'none', logger = silentLogger } = options;
  const tls = options.tls ?? (await temporaryKey());
  const readOnly = anonymous === 'none' || anonymous === 'read';
  const ownStore =
    typeof root === 'string'
      ? await LocalStore.open(root, {
          readOnly,
          onWarning: (message, details) => logger.warn(details, message),
        })
      : undefined;
  try {
    const digests =
      options.digests ??
      (await loadDigestProviders(({ message }) =>
        logger.debug({ reason: message }, 'BLAKE3 is not to be had'),
      ));
    const server = await serve({
      handler: createHandler(ownStore ?? (root as Store), anonymousAccess(anonymous)),
      host,
      port,
      tls: tls === false ? undefined : tls,
      plaintext,
      limits: options.limits,
      digests,
      agent: AGENT,
      serverLimits: options.serverLimits,
      onEvent: (event) => logServeEvent(logger, event),
    });
    return new RunningServer(server, ownStore, reachOf(options, tls, server.address.port));
  } catch (error) {
    await ownStore?.close();
    throw error;
  }
}

/** How clients get to a server. */
type Reach = Pick<FilexServer, 'urls' | 'plaintextUrls' | 'fingerprint'>;

function reachOf(
  { host, plaintext = 'loopback', fingerprint: told }: CreateServerOptions,
  tls: TlsKey | (() => unknown) | false,
  port: number,
): Reach {
  const plaintextUrls =
    plaintext === 'off'
      ? []
      : serverUrls({ scheme: 'filex+tcp', host, port, reach: plaintext === 'on' ? 'all' : 'loopback' });
  if (tls === false) return { urls: plaintextUrls, plaintextUrls, fingerprint: undefined };
  const fingerprint = typeof tls === 'function' ? told : fingerprintOf(tls.cert);
  return {
    urls: serverUrls({ scheme: 'filex', host, port, fingerprint, reach: 'all' }),
    plaintextUrls,
    fingerprint,
  };
}

class RunningServer implements FilexServer {
  readonly urls: readonly string[];
  readonly plaintextUrls: readonly string[];
  readonly fingerprint: string | undefined;
  readonly address: Server['address'];
  readonly #server: Server;
  /** Undefined when it is the caller's, to be closed by the caller. */
  readonly #store: Store | undefined;
  #closed: Promise<void> | undefined;

  constructor(server: Server, store: Store | undefined, { urls, plaintextUrls, fingerprint }: Reach) {
    this.#server = server;
    this.#store = store;
    this.urls = urls;
    this.plaintextUrls = plaintextUrls;
    this.fingerprint = fingerprint;
    this.address = server.address; // not to be had any more once it has stopped
  }

  get connections(): number {
    return this.#server.connections;
  }

  async shutdown(): Promise<void> {
    await this.#server.shutdown();
    await this.#close();
  }

  async destroy(): Promise<void> {
    await this.#server.destroy();
    await this.#close();
  }

  #close(): Promise<void> {
    this.#closed ??= this.#store?.close() ?? Promise.resolve();
    return this.#closed;
  }
}
