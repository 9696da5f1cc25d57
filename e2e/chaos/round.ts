import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cleanUp } from '../harness/clean-up.js';
import { measure } from '../harness/differences.js';
import { parts, staged } from '../harness/leftovers.js';
import { smallDisk } from '../harness/small-disk.js';
import { BadNetwork } from './bad-network.js';
import { type Ground, groundIn } from './ground.js';
import { Job, type Task } from './job.js';
import { Ledger } from './ledger.js';
import { drawLineFaults } from './network-faults.js';
import { Random } from './random.js';
import { Served, type StartOptions } from './served.js';
import { drawTasks } from './tasks.js';
import { fill, makeTrouble, type Scene, type Trouble } from './trouble.js';

const MiB = 1024 * 1024;
/** Connections of a round to which the network does something; those after it are left alone, so that it ends. */
const FAULTY_CONNECTIONS = 6;
/** How often a command is run until it is done. */
const MAX_RUNS = 15;
/** Milliseconds between two looks at what is visible. */
const LOOK_EVERY = 60;
/** MiB of the small disk, and of what is left of it at first. */
const DISK = 48;
const ROOM = 3;

export interface RoundOptions {
  readonly seed: string;
  readonly round: number;
  readonly trouble: Trouble;
  /** What there is from the rounds before. */
  readonly ground: Ground;
  /** What lets calls on files fail, to be loaded before a program. */
  readonly faultsPreload: string;
  /** A new empty folder. */
  readonly base: string;
}

/** What has happened in a round. */
export interface RoundReport {
  readonly violations: readonly string[];
  /** By kind; troubles and what the network did. */
  readonly faults: ReadonlyMap<string, number>;
  /** The step of a commit that the server was killed before. */
  readonly step: string | undefined;
  readonly acknowledged: number;
  /** Bytes of the files that were to be transferred. */
  readonly needed: number;
  /** Bytes that went over the wire, in both directions. */
  readonly passed: number;
  readonly connections: number;
  readonly runs: number;
}

/** A round: transfers, trouble meanwhile, recovery, and a look at what has become of everything. */
export async function playRound(options: RoundOptions): Promise<RoundReport> {
  const { seed, round, trouble, base } = options;
  const random = new Random(seed, round);
  const disk = trouble.kind === 'disk full' ? smallDisk(DISK) : undefined;
  const ground = disk === undefined ? options.ground : groundIn(disk, new Ledger());
  const visited = visitedIn(base);
  const preload = preloadOf(options, random, ground.folder);
  const tasks = drawTasks({
    random,
    ground,
    base,
    round,
    env: trouble.kind === 'clock jumped' ? preload : {},
  });
  const needed = tasks.reduce((sum, { bytes }) => sum + bytes, 0);

  const count = trouble.kind === 'one of two servers killed' ? 2 : 1;
  const args =
    trouble.kind === 'client stopped' ? limits({ keepaliveInterval: 150, keepaliveTimeout: 150 }) : [];
  const servers = Array.from({ length: count }, () => new Served({ ground, args }));
  // One after the other: the first makes the state that they share.
  const expectDeath = trouble.kind === 'server killed at a step';
  for (const server of servers) await startInTrouble(server, trouble, { env: preload, expectDeath });
  const [server] = servers as [Served];
  const network = await BadNetwork.start({
    upstream: server.port,
    faults: (connection) =>
      connection > FAULTY_CONNECTIONS ? [] : drawLineFaults(new Random(seed, round, connection), needed),
    random: new Random(seed, round, 'network'),
  });
  cleanUp(() => network.close());

  const jobs = tasks.map((task) => new Job(task, ground.ledger));
  const secure = random.chance(0.3);
  const { fingerprint } = server;
  const url = (path: string): string =>
    secure ? `filex://127.0.0.1:${network.port}/${path}?fp=${fingerprint}` : network.url(path);

  const filler =
    disk === undefined ? undefined : fill(disk, (DISK - ROOM) * MiB - measure(ground.folder).bytes);
  const watch = setInterval(() => ground.ledger.look(), LOOK_EVERY);
  cleanUp(() => clearInterval(watch));
  const finished = Promise.all(jobs.map((job) => finish(job, url, servers)));
  const over = finished.then(() => 'over' as const);
  const scene: Scene = {
    random,
    network,
    servers,
    jobs,
    bytes: needed,
    filler,
    over,
    pause: pauseUntil(over),
  };
  const [unfinished, came] = await Promise.all([finished, makeTrouble(trouble, scene)]);
  clearInterval(watch);

  const violations = [...unfinished.filter((why) => why !== undefined)];
  const wasVisited = existsSync(visited);
  if (trouble.kind === 'server killed at a step' && came && !wasVisited)
    violations.push('the server ended by itself');
  await network.close();
  for (const one of servers) if (one.isRunning) await one.stop();
  // What nobody came back for is forgotten now.
  await server.start({ args: limits({ resumeTimeout: 1 }) });
  for (const job of jobs) job.check();
  ground.ledger.settle();
  violations.push(...leftovers(ground, tasks), ...ground.ledger.violations.splice(0));
  await server.stop();
  violations.push(...leftovers(ground, tasks), ...servers.flatMap(({ deaths }) => deaths));
  for (const { kind, target } of tasks) if (kind === 'get') ground.ledger.forget(target);

  const happened = new Map<string, number>(network.injected);
  if (came) happened.set(trouble.kind, 1);
  return {
    violations: [...new Set(violations)],
    faults: happened,
    step: wasVisited ? readFileSync(visited, 'utf8') : undefined,
    acknowledged: jobs.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0),
    needed,
    passed: network.bytes.up + network.bytes.down,
    connections: network.connections,
    runs: jobs.reduce((sum, { runs }) => sum + runs, 0),
  };
}

/** Runs a command again until it is done. Returns why that cannot be. */
async function finish(
  job: Job,
  url: (path: string) => string,
  servers: readonly Served[],
): Promise<string | undefined> {
  let why: string | undefined;
  for (let run = 0; run < MAX_RUNS; run += 1) {
    why = await job.run(url);
    if (why === undefined) return undefined;
  }
  const alive = servers.map(({ isRunning }) => (isRunning ? 'runs' : 'does not run')).join(', ');
  return `${job.task.name} (${job.task.kind} ${job.task.policy}) was not done after ${MAX_RUNS} runs; the server ${alive}; ${why}`;
}

/** A disk may fail while the server starts, which it then cannot; it must when the disk is well again. */
async function startInTrouble(server: Served, trouble: Trouble, options: StartOptions): Promise<void> {
  try {
    await server.start(options);
  } catch (error) {
    if (trouble.kind !== 'server disk fault') throw error;
    await server.start();
  }
}

function preloadOf(
  { trouble, base, faultsPreload }: RoundOptions,
  random: Random,
  folder: string,
): Record<string, string> {
  if (trouble.kind === 'server killed at a step') {
    const which = {
      CHAOS_STEP: trouble.step,
      CHAOS_NTH: String(random.between(1, 20)),
      CHAOS_VISITED: visitedIn(base),
    };
    return { ...which, NODE_OPTIONS: importing(join(preloads, 'commit-steps.mjs')) };
  }
  if (trouble.kind === 'clock jumped') {
    const days = random.pick([-400, -1, -0.001, 0.001, 0.05, 1, 400]);
    return { CHAOS_JUMP: String(days * 86_400_000), NODE_OPTIONS: importing(join(preloads, 'clock.mjs')) };
  }
  if (trouble.kind === 'server disk fault') return faultEnv(random, folder, trouble.lasting, faultsPreload);
  return {};
}

/** Makes a call on the files in a folder fail, and with `lasting` all after it. */
function faultEnv(random: Random, folder: string, lasting: boolean, preload: string): Record<string, string> {
  const errno = random.pick(['ENOSPC', 'EIO', 'EMFILE', 'EROFS', 'EACCES']);
  const kinds = random.chance(0.7) ? 'changing' : undefined;
  const plan = { folder, nth: random.between(5, 250), errno, kinds, lasting, short: random.chance(0.5) };
  return { FILEX_FAULTS: JSON.stringify(plan), NODE_OPTIONS: importing(preload) };
}

function visitedIn(base: string): string {
  return join(base, 'visited');
}

const preloads = join(import.meta.dirname, 'preload');

function importing(preload: string): string {
  return `--import=${pathToFileURL(preload).href}`;
}

function limits(values: Readonly<Record<string, number>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--limit', `${name}=${value}ms`]);
}

function pauseUntil(over: Promise<unknown>): (milliseconds: number) => Promise<unknown> {
  return (milliseconds) => {
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    return Promise.race([passed, over]).finally(() => clearTimeout(timer));
  };
}

/** What should have been cleared away by now: nothing is under way or suspended any more. */
function leftovers({ folder }: Ground, tasks: readonly Task[]): string[] {
  // The journal is what it is known by that nothing else is there.
  const found = staged(folder)
    .filter((path) => basename(path) !== 'journal')
    .map((path) => `${path} is left`);
  for (const { kind, target } of tasks) {
    if (kind === 'get') found.push(...parts(target).map((path) => `${join(target, path)} is left`));
  }
  return found;
}
