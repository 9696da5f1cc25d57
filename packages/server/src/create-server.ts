import { FilexError, type Limits } from '@filex/protocol';
import {
  type DigestProvider,
  fingerprintOf,
  loadDigestProviders,
  type ServeEvent,
  type ServeOptions,
  type Server,
  type ServerLimits,
  serve,
  type TlsKey,
} from '@filex/protocol/node';
import { createAccess } from './access/access.js';
import type { AnonymousLevel } from './access/anonymous.js';
import { type UsersChange, UsersFile } from './access/users-file.js';
import { serverUrls } from './addresses.js';
import { HEALTH_CHECK_CODE } from './health-check.js';
import { createHandler } from './service.js';
import { refuseServed } from './state/state-folder.js';
import { LocalStore } from './store/local/local-store.js';
import type { Store } from './store/store.js';
import { type AuditLog, createAuditLog } from './telemetry/audit.js';
import { type Logger, silentLogger } from './telemetry/log.js';
import { logServeEvent } from './telemetry/serve-log.js';
import { receiptsOf } from './tls/receipts.js';
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
  /**
   * Signs receipts for clients that ask for one: with the key of `tls`, or clients could not tell whose they are. Default: so, when
   * `tls` is a key; a `tls` function needs this as well, otherwise there are none.
   */
  readonly receipts?: ServeOptions['receipts'];
  /** Who may talk without encryption. Default: `loopback`, programs on this machine. */
  readonly plaintext?: 'off' | 'loopback' | 'on' | undefined;
  /** Who can log in: the path of a users file, or one that is open, which the caller closes. Default: nobody. */
  readonly users?: string | UsersFile | undefined;
  /** What people may do without logging in. Default: `none`. */
  readonly anonymous?: AnonymousLevel | undefined;
  /** Default: none. */
  readonly logger?: Logger | undefined;
  /** Where to write down who did what: a file, or a log that is open, which the caller closes. Default: nowhere. */
  readonly audit?: string | AuditLog | undefined;
  /**
   * For a folder as `root`: bytes of its file system that uploads leave free. Default: 1 % of the file system, at most 1 GiB.
   */
  readonly keepFree?: number | undefined;
  /**
   * For a folder as `root`: whether what clients were told to be stored survives a power cut (`commit`), or the end of this
   * process only (`none`). Default: `commit`.
   */
  readonly durability?: 'commit' | 'none' | undefined;
  /** Limits of the protocol that differ from `standard` in `nodeLimitTable` of `@filex/protocol/node`. */
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
 * @throws FilexError when the folder cannot be served, or nobody at all could get in; `UsersError` when the users file is not
 * in order; the error of `net.Server.listen` when the port cannot be had.
 */
export async function createServer(options: CreateServerOptions): Promise<FilexServer> {
  const { host, port, plaintext, anonymous = 'none', logger = silentLogger } = options;
  const opened = new Opened();
  try {
    const users = await openUsers(options, opened);
    checkThatSomebodyGetsIn(options, users);
    const tls = options.tls ?? (await temporaryKey());
    const receipts = options.receipts ?? (typeof tls === 'object' ? receiptsOf(tls.key) : undefined);
    const store = await openStore(options, users, opened);
    const audit = await openAudit(options, opened);
    const digests =
      options.digests ??
      (await loadDigestProviders(({ message }) =>
        logger.debug({ reason: message }, 'BLAKE3 is not to be had'),
      ));
    const server = await serve({
      handler: createHandler(store, createAccess({ users, anonymous })),
      host,
      port,
      tls: tls === false ? undefined : tls,
      receipts,
      accounts: users?.accounts,
      anonymous: anonymous !== 'none',
      plaintext,
      limits: options.limits,
      digests,
      agent: AGENT,
      serverLimits: options.serverLimits,
      onEvent(event) {
        if (isHealthCheck(event)) return;
        logServeEvent(logger, event, { audited: audit !== undefined });
        audit?.record(event);
      },
    });
    users?.onChange((change) => endSessions(server, change));
    return new RunningServer(server, opened, reachOf(options, tls, server.address.port, users));
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openUsers(
  { root, users, logger = silentLogger }: CreateServerOptions,
  opened: Opened,
): Promise<UsersFile | undefined> {
  if (typeof users !== 'string') return users;
  if (typeof root === 'string') refuseServed(users, root, 'the users file', 'the option `users`');
  return opened.add(
    await UsersFile.open(users, { onWarning: (message, details) => logger.warn(details, message) }),
  );
}

async function openStore(
  { root, anonymous, keepFree, durability, serverLimits, logger = silentLogger }: CreateServerOptions,
  users: UsersFile | undefined,
  opened: Opened,
): Promise<Store> {
  if (typeof root !== 'string') return root;
  // What users may do can change while the server runs.
  const readOnly = users === undefined && anonymous === 'read';
  const onWarning = (message: string, details: object): void => logger.warn(details, message);
  return opened.add(
    await LocalStore.open(root, { readOnly, keepFree, durability, uploads: serverLimits, onWarning }),
  );
}

async function openAudit(
  { root, audit, logger }: CreateServerOptions,
  opened: Opened,
): Promise<AuditLog | undefined> {
  if (typeof audit !== 'string') return audit;
  if (typeof root === 'string') refuseServed(audit, root, 'the audit log', 'the option `audit`');
  return opened.add(await createAuditLog({ file: audit, logger }));
}

/** It comes every half a minute, and would hide what matters in the log. Who says so without being one has only left. */
function isHealthCheck(event: ServeEvent): boolean {
  return event.type === 'refused' && event.code === HEALTH_CHECK_CODE;
}

/** A server that lets nobody in is a mistake, better told at once than by each client. */
function checkThatSomebodyGetsIn(options: CreateServerOptions, users: UsersFile | undefined): void {
  const { host, tls, plaintext = 'loopback', anonymous = 'none' } = options;
  if (anonymous === 'none' && (users === undefined || users.names().length === 0))
    throw new FilexError(
      'PERMISSION_DENIED',
      `nobody could log in: ${users === undefined ? 'there is no users file' : 'the users file has no users'}, and without logging in nothing is allowed (anonymous: none)`,
    );
  if (tls === false && plaintextUrls(host, plaintext, 1).length === 0)
    throw new FilexError(
      'PLAINTEXT_REFUSED',
      `nobody could connect: there is no TLS, and unencrypted connections to ${host ?? 'any address'} are not allowed (plaintext: ${plaintext})`,
    );
}

/** Whoever logged in as somebody who is not that any more must not stay. */
function endSessions(server: Server, { removed, changed }: UsersChange): void {
  const end = (names: readonly string[], message: string): void => {
    const gone = new Set(names);
    server.disconnect(({ principal }) => gone.has(principal), new FilexError('AUTH_FAILED', message));
  };
  if (removed.length > 0) end(removed, 'this user was removed');
  if (changed.length > 0)
    end(changed, 'the passcode or the permissions of this user were changed; log in again');
}

/** How clients get to a server. */
type Reach = Pick<FilexServer, 'urls' | 'plaintextUrls' | 'fingerprint'>;

function reachOf(
  { host, plaintext = 'loopback', anonymous = 'none', fingerprint: told }: CreateServerOptions,
  tls: TlsKey | (() => unknown) | false,
  port: number,
  users: UsersFile | undefined,
): Reach {
  // A name in the address asks for a passcode, so only where there is no other way in.
  const [user, ...others] = anonymous === 'none' ? (users?.names() ?? []) : [];
  const only = others.length === 0 ? user : undefined;
  const unencrypted = plaintextUrls(host, plaintext, port, only);
  if (tls === false) return { urls: unencrypted, plaintextUrls: unencrypted, fingerprint: undefined };
  const fingerprint = typeof tls === 'function' ? told : fingerprintOf(tls.cert);
  return {
    urls: serverUrls({ scheme: 'filex', user: only, host, port, fingerprint, reach: 'all' }),
    plaintextUrls: unencrypted,
    fingerprint,
  };
}

function plaintextUrls(
  host: string | undefined,
  plaintext: 'off' | 'loopback' | 'on',
  port: number,
  user?: string,
): string[] {
  if (plaintext === 'off') return [];
  const reach = plaintext === 'on' ? 'all' : 'loopback';
  return serverUrls({ scheme: 'filex+tcp', user, host, port, reach });
}

interface Closable {
  close(): Promise<void>;
}

/** What a server has opened for itself, to be closed once, the last first. */
class Opened {
  readonly #all: Closable[] = [];
  #closing: Promise<void> | undefined;

  add<T extends Closable>(one: T): T {
    this.#all.unshift(one);
    return one;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    for (const one of this.#all) await one.close();
  }
}

class RunningServer implements FilexServer {
  readonly urls: readonly string[];
  readonly plaintextUrls: readonly string[];
  readonly fingerprint: string | undefined;
  readonly address: Server['address'];
  readonly #server: Server;
  readonly #opened: Opened;

  constructor(server: Server, opened: Opened, { urls, plaintextUrls, fingerprint }: Reach) {
    this.#server = server;
    this.#opened = opened;
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
    await this.#opened.close();
  }

  async destroy(): Promise<void> {
    await this.#server.destroy();
    await this.#opened.close();
  }
}
