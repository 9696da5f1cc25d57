import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BadNetwork } from './bad-network.js';
import type { Job } from './job.js';
import type { Random } from './random.js';
import type { Served } from './served.js';

/** Steps of a commit, in their order: the server can be killed just before each, and after the last. */
export const commitSteps = [
  'flush',
  'intend',
  'publish',
  'flush folder',
  'record',
  'clean up',
  'done',
] as const;

export type Trouble =
  | { readonly kind: 'nothing but the network' }
  | { readonly kind: 'server killed' }
  | { readonly kind: 'server killed at a step'; readonly step: (typeof commitSteps)[number] }
  | { readonly kind: 'client killed' }
  | { readonly kind: 'one of two servers killed' }
  | { readonly kind: 'disk full' }
  | { readonly kind: 'client stopped' }
  | { readonly kind: 'server stopped' }
  | { readonly kind: 'clock jumped' }
  /** A call of the server, or of a client, on its files fails; all from there on if it is `lasting`. */
  | { readonly kind: 'server disk fault'; readonly lasting: boolean }
  | { readonly kind: 'client disk fault' };

/** What comes in turn, so that everything is visited. */
export const troubles: readonly Trouble[] = [
  { kind: 'server killed' },
  { kind: 'client killed' },
  { kind: 'server killed at a step', step: 'publish' },
  { kind: 'server disk fault', lasting: false },
  { kind: 'one of two servers killed' },
  { kind: 'server killed at a step', step: 'flush folder' },
  { kind: 'disk full' },
  { kind: 'server killed at a step', step: 'record' },
  { kind: 'client stopped' },
  { kind: 'server killed at a step', step: 'clean up' },
  { kind: 'clock jumped' },
  { kind: 'server killed at a step', step: 'done' },
  { kind: 'server disk fault', lasting: true },
  { kind: 'server stopped' },
  { kind: 'server killed at a step', step: 'intend' },
  { kind: 'nothing but the network' },
  { kind: 'client disk fault' },
  { kind: 'server killed at a step', step: 'flush' },
];

/** What trouble can lay its hands on. */
export interface Scene {
  readonly random: Random;
  readonly network: BadNetwork;
  readonly servers: readonly Served[];
  readonly jobs: readonly Job[];
  /** Bytes that have to pass in all. */
  readonly bytes: number;
  /** A file that takes the room on the disk, if that is a small one. */
  readonly filler: string | undefined;
  /** Resolves when all jobs are done; trouble that has not come until then does not come. */
  readonly over: Promise<'over'>;
  /** Milliseconds from now, or until all is over. */
  pause(milliseconds: number): Promise<unknown>;
}

/** What is told on standard error of a call that was made to fail. */
const FAULT = /^fault: .+$/m;

/** Milliseconds that something stands still. */
const STANDSTILL = [200, 900] as const;

/** Makes the trouble of a round. Returns whether it came in time. */
export async function makeTrouble(trouble: Trouble, scene: Scene): Promise<boolean> {
  const { random, servers, jobs, network } = scene;
  const server = servers[0] as Served;
  switch (trouble.kind) {
    case 'nothing but the network':
      return false;
    case 'server killed at a step': {
      const death = await Promise.race([server.exited, scene.over]);
      if (death === 'over') return false;
      await server.start();
      return true;
    }
    case 'server killed':
      if (!(await moment(scene))) return false;
      await server.kill();
      // Sometimes nobody notices that it is back, so soon it is.
      if (random.chance(0.5)) await scene.pause(random.between(...STANDSTILL));
      await server.start();
      return true;
    case 'one of two servers killed': {
      if (!(await moment(scene))) return false;
      network.upstream = (servers[1] as Served).port;
      // The dead connections of those who go on elsewhere stay with it for a while, if it lives.
      if (random.chance(0.3)) network.cut('half-open');
      else await server.kill();
      return true;
    }
    case 'client killed': {
      if (!(await moment(scene))) return false;
      return random.pick(jobs).signal('SIGKILL');
    }
    case 'client stopped': {
      if (!(await moment(scene))) return false;
      const job = random.pick(jobs);
      if (!job.signal('SIGSTOP')) return false;
      await scene.pause(random.between(...STANDSTILL));
      return job.signal('SIGCONT');
    }
    case 'server stopped':
      if (!(await moment(scene))) return false;
      server.signal('SIGSTOP');
      await scene.pause(random.between(...STANDSTILL));
      server.signal('SIGCONT');
      return true;
    case 'clock jumped': {
      for (let i = random.between(1, 3); i > 0; i -= 1) {
        if (!(await moment(scene))) return false;
        server.signal('SIGUSR2');
        for (const job of jobs) job.signal('SIGUSR2');
      }
      return true;
    }
    case 'server disk fault': {
      const failed = server.says(FAULT).then(() => 'failed');
      if ((await Promise.race([failed, scene.over])) === 'over') return false;
      if (!trouble.lasting) return true;
      // It is for people to see that the disk is broken; they start it again on one that is not.
      await Promise.race([firstFailure(jobs), scene.over, scene.pause(1500)]);
      await server.kill();
      await server.start();
      return true;
    }
    case 'client disk fault':
      await scene.over;
      return jobs.some((job) => FAULT.test(job.firstWords));
    case 'disk full': {
      if (scene.filler === undefined) return false;
      await Promise.race([firstFailure(jobs), scene.over, scene.pause(1500)]);
      rmSync(scene.filler);
      return true;
    }
  }
}

/** Takes so many bytes of a file system. */
export function fill(disk: string, bytes: number): string {
  const path = join(disk, 'filler');
  writeFileSync(path, Buffer.alloc(bytes));
  return path;
}

function firstFailure(jobs: readonly Job[]): Promise<void> {
  return Promise.race(jobs.map((job) => job.failure));
}

/** Waits until a part of the bytes has passed. Returns whether that is before all is over. */
async function moment({ random, network, bytes, over }: Scene): Promise<boolean> {
  const passed = network.passedInAll(network.bytes.up + network.bytes.down + random.between(0, bytes * 0.6));
  return (await Promise.race([passed, over])) !== 'over';
}
