import { resolve } from 'node:path';
import { makeFolders } from '@filex/protocol/node';
import { UsersFile } from '../access/users-file.js';
import { announceJson, announceText } from '../announcement.js';
import type { Config } from '../config.js';
import { createServer, type FilexServer } from '../create-server.js';
import { splitLimits } from '../limits/limit-table.js';
import { startFailure } from '../start-failure.js';
import { type FirstUser, makeFirstUser } from '../state/first-user.js';
import { isThere, type Places } from '../state/places.js';
import { openStateFolder, refuseServed } from '../state/state-folder.js';
import { type SignalSource, type Stopped, stopOnSignals } from '../stop-on-signals.js';
import { type Logger, stderrLogger } from '../telemetry/log.js';
import { openIdentity } from '../tls/identity.js';

/** What serving sees of the process it runs in. */
export interface ServeSurroundings {
  readonly signals: SignalSource;
  /** What gives a user a new passcode when the name is put behind it. */
  readonly passcodeCommand: string;
  out(text: string): void;
  complain(message: string): void;
}

/** Serves until it is stopped. Undefined when it could not begin, which was said. */
export async function serveFolder(
  config: Config,
  places: Places,
  { signals, passcodeCommand, out, complain }: ServeSurroundings,
): Promise<Stopped | undefined> {
  const started = await begin(config, places).catch((error: unknown) => {
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    complain(message);
  });
  if (started === undefined) return undefined;
  const { server, users, firstUser } = started;
  // Before anybody is told that it listens: who knows that may stop it at once.
  const stopped = stopOnSignals(server, signals, complain);
  const { json, dir, plaintext, anonymous } = config;
  const { urls, plaintextUrls, fingerprint } = server;
  const announced = {
    root: resolve(dir),
    urls,
    plaintextUrls,
    plaintext,
    fingerprint,
    anonymous,
    users: users?.names() ?? [],
    firstUser,
    passcodeCommand,
  };
  out(json ? `${announceJson(announced)}\n` : announceText(announced));
  return stopped.finally(() => started.close());
}

interface Started {
  readonly server: FilexServer;
  readonly users: UsersFile | undefined;
  readonly firstUser: FirstUser | undefined;
  close(): Promise<void>;
}

async function begin(config: Config, places: Places): Promise<Started> {
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
    firstUser = await firstUserOf(config, places);
    users = await usersOf(config, places, logger);
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
): Promise<UsersFile | undefined> {
  // Where people get in without logging in there need not be users, unless somebody has named a file of them.
  if (anonymous !== 'none' && !usersGiven && !(await isThere(users))) return undefined;
  return UsersFile.open(users, { onWarning: (message, details) => logger.warn(details, message) });
}
