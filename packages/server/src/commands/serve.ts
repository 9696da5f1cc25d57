import { resolve } from 'node:path';
import { announceJson, announceText } from '../announcement.js';
import type { Config } from '../config.js';
import { startFailure } from '../start-failure.js';
import { startServing } from '../start-serving.js';
import type { FirstUser } from '../state/first-user.js';
import type { Places } from '../state/places.js';
import { type SignalSource, type Stopped, stopOnSignals } from '../stop-on-signals.js';
import type { Reached } from '../workers/messages.js';

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
  surroundings: ServeSurroundings,
): Promise<Stopped | undefined> {
  const { signals, complain } = surroundings;
  const announce = (reached: Reached, firstUser: FirstUser | undefined): void =>
    surroundings.out(announcement(config, surroundings, reached, firstUser));
  const failed = (error: unknown): undefined => {
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    complain(message);
  };
  if (config.workers > 1) {
    // Not for a server that is a single process.
    const { serveByWorkers } = await import('../workers/serve-by-workers.js');
    return serveByWorkers(config, places, { signals, complain, announce }).catch(failed);
  }
  const started = await startServing(config, places).catch(failed);
  if (started === undefined) return undefined;
  const { server, users, firstUser } = started;
  // Before anybody is told that it listens: who knows that may stop it at once.
  const stopped = stopOnSignals(server, signals, complain);
  const { urls, plaintextUrls, fingerprint, address } = server;
  announce({ urls, plaintextUrls, fingerprint, port: address.port, users: users?.names() ?? [] }, firstUser);
  return stopped.finally(() => started.close());
}

function announcement(
  { json, dir, plaintext, anonymous }: Config,
  { passcodeCommand }: ServeSurroundings,
  { urls, plaintextUrls, fingerprint, users }: Reached,
  firstUser: FirstUser | undefined,
): string {
  const announced = {
    root: resolve(dir),
    urls,
    plaintextUrls,
    plaintext,
    fingerprint,
    anonymous,
    users,
    firstUser,
    passcodeCommand,
  };
  return json ? `${announceJson(announced)}\n` : announceText(announced);
}
