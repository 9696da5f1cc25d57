import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOwner, isAlive, parseOwner, thisProcess } from './process-owner.js';

describe('process owner', () => {
  it('can be read back from its file name, which has no slash', () => {
    const host = fc.string({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(host, fc.nat(), fc.nat(), fc.nat(), (host, pid, start, number) => {
        const owner = { host, pid, start, store: number.toString(16) };
        const name = formatOwner(owner);
        expect(name).not.toContain('/');
        expect(parseOwner(name)).toEqual(owner);
      }),
      {
        examples: [
          [' .0', 0, 0, 0],
          ['10.0.0.5', 12, 34, 5],
        ],
      },
    );
  });

  it.each(['', 'x', 'host.1', 'host.1.2', 'host.a.b', '%.1.2', 'a.1.2.tmp'])(
    'does not take %j for one',
    (name) => {
      expect(parseOwner(name)).toBeUndefined();
    },
  );

  it('knows that this process is alive, and another that has ended is not', async () => {
    const own = await thisProcess();
    expect(await isAlive(own)).toBe(true);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(await isAlive({ ...own, pid })).toBe(false);
    expect(await isAlive({ ...own, host: `not-${hostname()}` })).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('is not fooled by a process id that is used again', async () => {
    const own = await thisProcess();
    expect(await isAlive({ ...own, start: own.start - 1 })).toBe(false);
  });
});
