import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathExclusion } from './path-exclusion.js';
import { foldName } from './path-names.js';
import { anyPath } from './testing/arbitraries.js';

const anyWork = fc.record({
  shared: fc.array(anyPath, { maxLength: 2 }),
  exclusive: fc.array(anyPath, { maxLength: 2 }),
});

/** Whether one is the other, or above it, for the coarsest file system. */
function meet(a: string, b: string): boolean {
  const [x, y] = [a, b].map((path) => `${path.split('/').map(foldName).join('/')}/`.replace(/^\/$/, '')) as [
    string,
    string,
  ];
  return x.startsWith(y) || y.startsWith(x);
}

describe('PathExclusion', () => {
  it('never lets in what another has for itself, and lets everybody in some time', async () => {
    let together = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(anyWork, { maxLength: 8 }), async (scheduler, works) => {
        const exclusion = new PathExclusion();
        const running = new Set<(typeof works)[number]>();
        const all = works.map((work) =>
          exclusion.run(work, async () => {
            for (const other of running) {
              together += 1;
              for (const path of work.exclusive)
                for (const theirs of [...other.exclusive, ...other.shared])
                  expect(meet(path, theirs)).toBe(false);
              for (const path of other.exclusive)
                for (const mine of work.shared) expect(meet(path, mine)).toBe(false);
            }
            running.add(work);
            await scheduler.schedule(Promise.resolve());
            running.delete(work);
          }),
        );
        await scheduler.waitFor(Promise.all(all));
      }),
      { numRuns: 300 },
    );
    expect(together).toBeGreaterThan(300);
  });

  it('serves first who came first', async () => {
    const exclusion = new PathExclusion();
    const order: string[] = [];
    let end = (): void => {};
    const first = exclusion.run({ shared: ['a'] }, () => new Promise<void>((resolve) => (end = resolve)));
    const second = exclusion.run({ exclusive: ['a'] }, async () => void order.push('exclusive'));
    // Would be allowed beside the first, but then the second could wait for ever.
    const third = exclusion.run({ shared: ['a/b'] }, async () => void order.push('shared'));
    await exclusion.run({ exclusive: ['b'] }, async () => void order.push('elsewhere'));
    end();
    await Promise.all([first, second, third]);
    expect(order).toEqual(['elsewhere', 'exclusive', 'shared']);
  });

  it('takes no longer for each that comes because many wait', async () => {
    const exclusion = new PathExclusion();
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const first = exclusion.run({ exclusive: ['a'] }, () => ended);
    // Each once looked at all before it, and all of those at each other: a minute for so many.
    const rest = Array.from({ length: 3000 }, (_, i) => exclusion.run({ shared: [`a/${i}`] }, async () => i));
    end();
    await first;
    expect(await Promise.all(rest)).toEqual(rest.map((_, i) => i));
  });

  it('goes on after what fails', async () => {
    const exclusion = new PathExclusion();
    const failed = exclusion.run({ exclusive: [''] }, () => Promise.reject(new RangeError('no')));
    const after = exclusion.run({ exclusive: [''] }, async () => 'done');
    await expect(failed).rejects.toThrow('no');
    expect(await after).toBe('done');
  });
});
