import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../config.js';
import { prepareServing } from '../start-serving.js';
import type { Places } from '../state/places.js';
import { type Stopped, stopOnSignals } from '../stop-on-signals.js';
import type { Reached } from './messages.js';
import { Restarts } from './restarts.js';
import { shareLimits } from './share-limits.js';
import type { WorkersSurroundings } from './surroundings.js';

/** Starts workers and replaces those that die, until the server is stopped. It serves nobody itself. */
export async function servePrimary(
  config: Config,
  places: Places,
  { signals, complain, announce }: WorkersSurroundings,
): Promise<Stopped | undefined> {
  // Before anything is made.
  shareLimits(config.limits, config.workers);
  const firstUser = await prepareServing(config, places);
  // This process accepts, and hands connections over in turns: left to the system, a few workers get nearly all of them.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const workers = new Workers(complain);
  const stopped = stopOnSignals(workers, signals, complain);
  // The first one finds out whether the server can start at all, so that this is told once.
  const reached = await workers.begin(config.workers);
  if (reached === undefined) {
    if (!workers.stopping) await firstUser?.forget(); // Nobody was told the passcode.
    return workers.stopping ? stopped : undefined;
  }
  announce(reached, firstUser);
  return Promise.race([stopped, workers.failed]);
}

/** The workers of a server, together. */
class Workers {
  readonly #complain: (message: string) => void;
  readonly #restarts = new Restarts(() => performance.now());
  readonly #ended = new Set<() => void>();
  /** Those that can be told to stop. */
  readonly #listening = new Set<Worker>();
  #port: number | undefined;
  /** How often the server was told to stop. */
  #stops = 0;

  /** Resolves when workers died too often. */
  readonly failed: Promise<Stopped>;
  #fail: () => void = () => undefined;

  constructor(complain: (message: string) => void) {
    this.#complain = complain;
    this.failed = new Promise((resolve) => {
      this.#fail = () => resolve({ exitCode: 1, forced: true });
    });
  }

  /** Known to the workers only. */
  readonly connections = undefined;

  get stopping(): boolean {
    return this.#stops > 0;
  }

  /** Starts all; undefined when the first one has ended before it listened. */
  async begin(count: number): Promise<Reached | undefined> {
    const first = await this.#start();
    if (first === undefined) return undefined;
    this.#port = first.port;
    // All of them, before anybody is told that the server listens.
    await Promise.all(Array.from({ length: count - 1 }, () => this.#start()));
    return first;
  }

  /** Has all of them finish what runs. */
  shutdown(): Promise<void> {
    return this.#end();
  }

  /** Has all of them end at once. */
  destroy(): Promise<void> {
    return this.#end();
  }

  /** What a worker is told once means to come to an end, and twice, to do so now. */
  async #end(): Promise<void> {
    this.#stops += 1;
    for (const worker of this.#listening) worker.send('SIGTERM');
    while (living().length > 0) await new Promise<void>((resolve) => this.#ended.add(resolve));
  }

  /** Resolves when it listens, or has ended. */
  #start(): Promise<Reached | undefined> {
    const worker = cluster.fork();
    return new Promise((resolve) => {
      worker.once('message', (reached: Reached) => {
        this.#listening.add(worker);
        // Whoever was told to stop meanwhile hears of it now.
        for (let told = 0; told < this.#stops; told += 1) worker.send('SIGTERM');
        // Of `--port 0`, when all workers had died at once, so that nobody kept the port.
        if (this.#port !== undefined && reached.port !== this.#port)
          this.#giveUp(`port ${this.#port}, which was picked, is not to be had again`);
        resolve(reached);
      });
      worker.once('disconnect', () => this.#listening.delete(worker));
      worker.once('exit', (code, signal) => {
        resolve(undefined);
        for (const told of this.#ended) told();
        this.#ended.clear();
        // When the first one cannot start, nobody else needs to try.
        if (this.#stops === 0 && this.#port !== undefined)
          this.#replace(worker, signal ?? `exit code ${code}`);
      });
    });
  }

  #giveUp(why: string): void {
    this.#complain(`${why}: giving up`);
    this.#fail();
  }

  #replace({ process: { pid } }: Worker, how: string): void {
    const allowed = this.#restarts.allowed();
    this.#complain(
      `worker ${pid} has ended unexpectedly (${how})${allowed ? '; another one takes its place' : ''}`,
    );
    if (allowed) void this.#start();
    else this.#giveUp('too many workers have ended within a short time');
  }
}

function living(): Worker[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker?.isDead() === false ? [worker] : [],
  );
}
