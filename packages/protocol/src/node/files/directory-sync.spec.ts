import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectorySync } from './directory-sync.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

/** Flushes that end when the test says so. */
class ManualFlushes {
  readonly pending: { path: string; end: (error?: Error) => void }[] = [];
  begun = 0;
  readonly flush = (path: string): Promise<void> => {
    this.begun += 1;
    return new Promise((resolve, reject) => {
      this.pending.push({ path, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  };
}

/** Lets everything run that can run by now. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('DirectorySync', () => {
  it('answers everybody, only after a flush that began after the question', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('sync' as const), key: fc.constantFrom('a', 'b') }),
      fc.record({ do: fc.constant('end' as const), fails: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const manual = new ManualFlushes();
        const begunFor = new Map<string, number>();
        const count = (path: string) => {
          begunFor.set(path, (begunFor.get(path) ?? 0) + 1);
          return manual.flush(path);
        };
        const sync = new DirectorySync(count);
        let asked = 0;
        let answered = 0;
        for (const s of steps) {
          if (s.do === 'sync') {
            const before = begunFor.get(s.key) ?? 0;
            asked += 1;
            const answer = () => {
              answered += 1;
              expect(begunFor.get(s.key)).toBeGreaterThan(before);
            };
            sync.sync({ path: s.key, key: s.key }).then(answer, answer).catch(expect.fail);
          } else {
            manual.pending.shift()?.end(s.fails ? new Error('EIO') : undefined);
            await settle();
          }
        }
        while (manual.pending.length > 0) {
          manual.pending.shift()?.end();
          await settle();
        }
        expect(answered).toBe(asked);
      }),
    );
  });

  it('serves many that come during one flush with one more', async () => {
    const manual = new ManualFlushes();
    const sync = new DirectorySync(manual.flush);
    const all = Array.from({ length: 100 }, () => sync.sync({ path: 'x', key: 'x' }));
    expect(manual.begun).toBe(1);
    manual.pending.shift()?.end();
    await all[0];
    await settle();
    expect(manual.begun).toBe(2);
    manual.pending.shift()?.end();
    await Promise.all(all);
    expect(manual.begun).toBe(2);
  });

  it('tells a failure to those it concerns only', async () => {
    const manual = new ManualFlushes();
    const sync = new DirectorySync(manual.flush);
    const first = sync.sync({ path: 'x', key: 'x' });
    const second = sync.sync({ path: 'x', key: 'x' });
    manual.pending.shift()?.end(new Error('EIO'));
    await expect(first).rejects.toThrow('EIO');
    await settle();
    manual.pending.shift()?.end();
    await expect(second).resolves.toBeUndefined();
  });

  it('flushes a real folder and closes it', async () => {
    const folder = temporaryFolder();
    await new DirectorySync().sync({ path: folder, key: 'real' });
    expect(openWithin(folder)).toEqual([]);
  });
});
