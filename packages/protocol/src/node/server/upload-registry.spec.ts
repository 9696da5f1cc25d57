import { describe, expect, it, vi } from 'vitest';
import { Driver } from '../driver.js';
import { resolveServerLimits } from './server-limits.js';
import { type Found, UploadRegistry } from './upload-registry.js';

/** A registry, and what it has dropped the bytes of. */
function registered(limits: { maxSuspendedUploads?: number; maxRememberedUploads?: number }) {
  const registry = new UploadRegistry(resolveServerLimits({ resumeTimeout: 60_000, ...limits }));
  const dropped: string[] = [];
  return {
    registry,
    dropped,
    /** An upload begins, and its connection is lost at once; `holds`: with bytes that are worth keeping. */
    lose: (principal: string, id: string, holds = true): void => {
      const { upload, rest } = registry.find(principal, id) as Found;
      const { leave } = upload.enter('', 0, () => undefined);
      if (holds) {
        upload.receiver = {
          write: () => undefined,
          commit: () => Promise.reject(new Error('nobody asked for it')),
          abort: () => void dropped.push(`${principal} ${id}`),
        };
      }
      leave();
      rest();
    },
    /** Whether an upload is still known: it is at its second epoch then. */
    knows: (principal: string, id: string): boolean => {
      const { upload, rest } = registry.find(principal, id) as Found;
      const { epoch, leave } = upload.enter('', 0, () => undefined);
      leave();
      rest();
      return epoch > 1;
    },
  };
}

describe('the uploads that wait to go on', () => {
  it('cost nobody who has fewer: who has the most loses the oldest', async () => {
    const { registry, dropped, lose } = registered({ maxSuspendedUploads: 4 });
    lose('ann', '1');
    for (let i = 1; i <= 50; i += 1) lose('greedy', `${i}`);
    lose('bob', '1');
    expect(dropped).toEqual(Array.from({ length: 48 }, (_, i) => `greedy ${i + 1}`));
    await registry.close();
    expect(dropped.slice(48).sort()).toEqual(['ann 1', 'bob 1', 'greedy 49', 'greedy 50']);
  });

  it('that have ended are remembered as fairly', async () => {
    const { registry, lose, knows } = registered({ maxRememberedUploads: 3 });
    lose('ann', '1', false);
    for (let i = 1; i <= 10; i += 1) lose('greedy', `${i}`, false);
    expect(knows('ann', '1')).toBe(true);
    expect(knows('greedy', '10')).toBe(true);
    expect(knows('greedy', '7')).toBe(false);
    await registry.close();
  });

  it('are counted no more when they go on, or are forgotten', async () => {
    let now = 0;
    vi.spyOn(Driver, 'now').mockImplementation(() => now);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { registry, dropped, lose, knows } = registered({ maxSuspendedUploads: 2 });
      for (let i = 0; i < 10; i += 1) {
        lose('ann', '1');
        expect(knows('ann', '1')).toBe(true);
      }
      expect(dropped).toEqual([]);
      now = 60_000;
      vi.advanceTimersByTime(now);
      expect(dropped).toEqual(['ann 1']);
      lose('ann', '2');
      lose('ann', '3');
      expect(dropped).toEqual(['ann 1']);
      await registry.close();
    } finally {
      vi.useRealTimers();
      vi.restoreAllMocks();
    }
  });
});
