import { makeFolders } from '@filex/protocol/node';
import { type User, UsersError } from './access/users-document.js';
import { UsersFile } from './access/users-file.js';
import type { Config } from './config.js';
import { createServer, type FilexServer } from './create-server.js';
import { splitLimits } from './limits/limit-table.js';
import { type FirstUser, makeFirstUser } from './state/first-user.js';
import { isThere, type Places } from './state/places.js';
import { openStateFolder, refuseServed } from './state/state-folder.js';
import { type Logger, stderrLogger } from './telemetry/log.js';
import { openIdentity } from './tls/identity.js';

/** How a process that serves differs from one that does so alone. */
interface StartOptions {
  /** One of several: another process has made what was missing, and no quota can be kept. */
  readonly isWorker?: boolean;
}

/** A server that listens, with what was opened for it. */
export interface Started {
  readonly server: FilexServer;
  readonly users: UsersFile | undefined;
  readonly firstUser: FirstUser | undefined;
  close(): Promise<void>;
}

/** Makes what is missing at the first start, and listens. */
export async function startServing(
  config: Config,
  places: Places,
  options: StartOptions = {},
): Promise<Started> {
  makeFolders(config.dir);
  refuseWhatWouldBeServed(config, places);
  const logger = await stderrLogger(config.logLevel);
  const identity = await openIdentity(config, places.state, logger);
  let firstUser: FirstUser | undefined;
  let users: UsersFile | undefined;
  const close = async (): Promise<void> => {
    identity.close();
    await users?.close();
  };
  try {
    firstUser = options.isWorker === true ? undefined : await firstUserOf(config, places);
    users = await usersOf(config, places, logger, options);
    const { dir, host, port, plaintext, anonymous, keepFree, durability, audit, limits } = config;
    const { tls, fingerprint, receipts } = identity;
    const server = await createServer({
      root: dir,
      host,
      port,
      tls,
      fingerprint,
      receipts,
      users,
      anonymous,
      plaintext,
      keepFree,
      durability,
      audit,
      logger,
      ...splitLimits(limits),
    });
    return { server, users, firstUser, close };
  } catch (error) {
    // Nobody was told the passcode.
    await firstUser?.forget();
    await close();
    throw error;
  }
}

/**
 * Makes what is missing at the first start, as {@link startServing} does, so that of several processes which then start none finds
 * another one at it.
 */
export async function prepareServing(config: Config, places: Places): Promise<FirstUser | undefined> {
  makeFolders(config.dir);
  refuseWhatWouldBeServed(config, places);
  const identity = await openIdentity(config, places.state, await stderrLogger(config.logLevel));
  identity.close();
  return firstUserOf(config, places);
}

function refuseWhatWouldBeServed({ dir, tlsKey, audit }: Config, { state, users }: Places): void {
  refuseServed(state, dir, 'the state folder', '--state DIR');
  refuseServed(users, dir, 'the users file', '--users FILE');
  if (tlsKey !== undefined) refuseServed(tlsKey, dir, 'the key', '--tls-key FILE');
  if (audit !== undefined) refuseServed(audit, dir, 'the audit log', '--audit FILE');
}

/** Somebody must be able to log in where nothing is allowed without. */
async function firstUserOf(
  { anonymous }: Config,
  { state, users, usersGiven }: Places,
): Promise<FirstUser | undefined> {
  if (anonymous !== 'none') return undefined;
  if (!usersGiven) await openStateFolder(state);
  return makeFirstUser(users);
}

async function usersOf(
  { anonymous }: Config,
  { users, usersGiven }: Places,
  logger: Logger,
  { isWorker }: StartOptions,
): Promise<UsersFile | undefined> {
  // Where people get in without logging in there need not be users, unless somebody has named a file of them.
  if (anonymous !== 'none' && !usersGiven && !(await isThere(users))) return undefined;
  return UsersFile.open(users, {
    onWarning: (message, details) => logger.warn(details, message),
    check: isWorker === true ? refuseQuotas : undefined,
  });
}

/** Each process would know only of what it has taken itself, and all together would take more than a quota allows. */
function refuseQuotas(users: ReadonlyMap<string, User>): void {
  for (const [name, { quota }] of users) {
    if (quota.bytes === undefined && quota.files === undefined) continue;
    throw new UsersError(
      `the user ${JSON.stringify(name)} has a quota, of which only a single process can keep count: start with --workers 1`,
    );
  }
}
