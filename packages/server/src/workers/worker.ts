import { EventEmitter } from 'node:events';
import type { Config } from '../config.js';
import { startFailure } from '../start-failure.js';
import { startServing } from '../start-serving.js';
import type { Places } from '../state/places.js';
import { type SignalSource, type Stopped, stopOnSignals } from '../stop-on-signals.js';
import type { Reached } from './messages.js';
import { shareLimits } from './share-limits.js';
import type { WorkersSurroundings } from './surroundings.js';

/** Serves as one of several processes, until the primary says that it is over; when that is gone, Node ends this process. */
export async function serveWorker(
  config: Config,
  places: Places,
  { signals, complain }: Pick<WorkersSurroundings, 'signals' | 'complain'>,
): Promise<Stopped> {
  // A terminal tells all processes of Ctrl-C, and the primary tells those that it has started once more.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) signals.on(signal, () => undefined);
  const own = { ...config, limits: shareLimits(config.limits, config.workers) };
  const started = await startServing(own, places, { isWorker: true }).catch((error: unknown) => {
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    complain(message);
  });
  // The channel to the primary keeps this process until it is forced to end.
  if (started === undefined) return { exitCode: 1, forced: true };
  const { server, users, close } = started;
  const stopped = stopOnSignals(server, signalsOfPrimary(), () => undefined);
  const { urls, plaintextUrls, fingerprint, address } = server;
  const reached: Reached = {
    urls,
    plaintextUrls,
    fingerprint,
    port: address.port,
    users: users?.names() ?? [],
  };
  process.send?.(reached);
  const { exitCode } = await stopped.finally(() => close());
  return { exitCode, forced: true };
}

/** A primary sends the names of signals. */
function signalsOfPrimary(): SignalSource {
  const source = new EventEmitter();
  process.on('message', (message) => {
    if (message === 'SIGTERM' || message === 'SIGINT') source.emit(message, message);
  });
  return source;
}
