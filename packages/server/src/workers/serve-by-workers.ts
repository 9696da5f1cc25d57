import cluster from 'node:cluster';
import type { Config } from '../config.js';
import type { Places } from '../state/places.js';
import type { Stopped } from '../stop-on-signals.js';
import { servePrimary } from './primary.js';
import type { WorkersSurroundings } from './surroundings.js';
import { serveWorker } from './worker.js';

/**
 * Serves by `config.workers` processes that share a port. This is run by all of them: the first one, which starts the others with the
 * command line that it was started with itself, and those.
 *
 * They need not talk about files: all that outlives a process is in the store, and an upload that comes back to another worker is
 * taken over as from any other server.
 * @returns undefined when it could not begin, which was said.
 */
export function serveByWorkers(
  config: Config,
  places: Places,
  surroundings: WorkersSurroundings,
): Promise<Stopped | undefined> {
  return cluster.isPrimary
    ? servePrimary(config, places, surroundings)
    : serveWorker(config, places, surroundings);
}
