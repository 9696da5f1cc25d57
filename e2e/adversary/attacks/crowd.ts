import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Attack } from '../harness/attack.js';
import type { HostileClient } from '../harness/hostile-client.js';
import { type Scene, Skipped } from '../harness/scene.js';

/** Connections that are made at once; the rest waits. */
const AT_ONCE = 100;

function filesOf(pid: number): number {
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

/** Sees to it that a process may have so many files open, or says why it cannot. */
function allowFiles(pid: number, count: number): void {
  if (filesOf(pid) >= count) return;
  spawnSync('prlimit', ['--pid', String(pid), `--nofile=${count}:${count}`]);
  if (filesOf(pid) < count)
    throw new Skipped(`needs ${count} open files in one process, this machine allows ${filesOf(pid)}`);
}

/** So many connections that are logged in and do nothing; all must be there at the end, and a newcomer is served. */
const idle =
  (count: number, tls: boolean) =>
  async (scene: Scene): Promise<string> => {
    for (const pid of [process.pid, scene.arena.server.command.pid]) allowFiles(pid, count + 1000);
    const clients: HostileClient[] = [];
    const from = [scene.from, scene.arena.nextAddress(), scene.arena.nextAddress()];
    while (clients.length < count) {
      const batch = Math.min(AT_ONCE, count - clients.length);
      const entering = Array.from({ length: batch }, (_, i) =>
        scene.enter({ tls, from: from[(clients.length + i) % from.length] }),
      );
      clients.push(...(await Promise.all(entering)));
    }
    await scene.arena.honest.newcomer();
    const some = clients.filter((_, i) => i % Math.floor(count / 3) === 0);
    const answers = await Promise.all(some.map((client) => client.alive()));
    const inside = clients.filter((client) => !client.ended).length;
    return `${inside} idle, ${[...new Set(answers)].join(', ')}, a newcomer is served`;
  };

export const crowd: readonly Attack[] = [
  {
    id: 'crowd-tls',
    class: 'crowd',
    target: 'server',
    what: '2000 idle connections inside TLS',
    expected: '2000 idle, alive, a newcomer is served',
    duration: 90_000,
    growth: 300,
    run: idle(2000, true),
  },
  {
    id: 'crowd-plain',
    class: 'crowd',
    target: 'server',
    what: '10 000 idle connections, plain',
    expected: '10000 idle, alive, a newcomer is served',
    duration: 90_000,
    // About 40 KiB each.
    growth: 480,
    run: idle(10_000, false),
  },
];
