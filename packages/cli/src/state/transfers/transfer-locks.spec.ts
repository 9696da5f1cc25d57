import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.js';
import { TransferLocks } from './transfer-locks.js';

const id = 'a'.repeat(32);
const identity = (pid: number): ProcessIdentity => ({ pid, start: '1', boot: 'b', machine: 'm' });

describe('TransferLocks', () => {
  it('never gives one transfer to two at once, and to one when the others are dead or come later', async () => {
    const step = fc.record({ who: fc.nat({ max: 3 }), act: fc.constantFrom('take', 'give', 'die') });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), async (rounds) => {
        const folder = temporaryFolder();
        const living = new Set([0, 1, 2, 3]);
        let born = 4;
        const make = (pid: number): TransferLocks =>
          new TransferLocks(folder, { own: identity(pid), isAlive: (other) => living.has(other.pid) });
        const processes = [0, 1, 2, 3].map((pid) => ({ pid, locks: make(pid) }));
        const holders = new Map<number, () => Promise<void>>();
        for (const round of rounds) {
          // All of a round at the same time.
          await Promise.all(
            round.map(async ({ who, act }) => {
              const it = processes[who] as { pid: number; locks: TransferLocks };
              const { pid } = it;
              if (act === 'take') {
                const release = await it.locks.take(id);
                if (release === undefined) return;
                expect([...holders.keys()].filter((other) => living.has(other))).toEqual([]);
                holders.set(pid, release);
              } else if (act === 'give') {
                const release = holders.get(pid);
                holders.delete(pid);
                await release?.();
              } else if (!holders.has(pid)) {
                // Nothing to leave behind.
              } else {
                living.delete(pid);
                holders.delete(pid);
                it.pid = born;
                it.locks = make(born);
                living.add(born);
                born += 1;
              }
            }),
          );
        }
        for (const release of holders.values()) await release();
        const last = make(born);
        living.add(born);
        const release = await last.take(id);
        expect(release).toBeDefined();
        await release?.();
        expect(readdirSync(folder)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it.runIf(process.platform === 'linux')(
    'knows a process that was killed from one that runs, and from a later one with its number',
    async () => {
      const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' });
      await once(child, 'spawn');
      const pid = child.pid as number;
      const own = ownIdentity();
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string;
      const it: ProcessIdentity = { ...own, pid, start };
      expect(isAlive(it, Date.now())).toBe(true);
      expect(isAlive({ ...it, start: '1' }, Date.now())).toBe(false);
      expect(isAlive({ ...it, boot: 'another' }, Date.now())).toBe(false);
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(isAlive(it, Date.now())).toBe(false);
    },
  );

  it('believes a process of another machine as long as it gives signs of life', async () => {
    const folder = temporaryFolder();
    const locks = new TransferLocks(folder);
    const file = join(folder, `${id}.1-1-boot-elsewhere.lock`);
    writeFileSync(file, '');
    expect(await locks.take(id)).toBeUndefined();
    const long = new Date(Date.now() - bounds.lockLifetime - 1000);
    utimesSync(file, long, long);
    const release = await locks.take(id);
    expect(release).toBeDefined();
    await release?.();
  });

  it('gives a transfer once in one process, too', async () => {
    const locks = new TransferLocks(temporaryFolder());
    const release = await locks.take(id);
    expect(await locks.take(id)).toBeUndefined();
    await release?.();
    expect(await locks.take(id)).toBeDefined();
  });
});
