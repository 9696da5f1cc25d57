import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DiskLog } from './disk-log.js';
import { seededRandom } from './random.js';
import { safeFrom, survivalsAt, unsafeAt } from './survivals.js';

const bytes = new Uint8Array(600);
const create = { op: 'create', in: 0, name: 'a', inode: 1, kind: 'file', mode: 0o600 } as const;
const write = (offset: number) => ({ op: 'write', inode: 1, offset, bytes }) as const;
const flush = (inode: number, asked: number, data = false) => ({ op: 'flush', inode, asked, data }) as const;

describe('what survives a loss of power', () => {
  it.each<[string, DiskLog<never>, number[]]>([
    ['a write that was not flushed', [create, write(0)], [0, 1]],
    ['a name, though the file was flushed', [create, write(0), flush(1, 2)], [0]],
    ['bytes, though the folder was flushed', [create, write(0), flush(0, 2)], [1]],
    ['nothing, when both were', [create, write(0), flush(1, 2, true), flush(0, 3)], []],
    ['what came while the flush was under way', [create, write(0), write(600), flush(1, 2)], [0, 2]],
    [
      'the time and the mode, when only data was flushed',
      [{ op: 'mode', inode: 1, mode: 0 }, flush(1, 1, true)],
      [0],
    ],
    [
      'a rename, until one of its folders was flushed',
      [{ op: 'rename', in: 0, name: 'a', to: 2, newName: 'b', inode: 1 }, flush(1, 1)],
      [0],
    ],
    [
      'nothing of a rename, when one of its folders was flushed',
      [{ op: 'rename', in: 0, name: 'a', to: 2, newName: 'b', inode: 1 }, flush(2, 1)],
      [],
    ],
  ])('is uncertain for %s', (_, log, unsafe) => {
    expect(unsafeAt(log, safeFrom(log), log.length)).toEqual(unsafe);
  });

  it('is uncertain again for a moment before the flush had ended', () => {
    const log: DiskLog<never> = [create, write(0), flush(1, 2), flush(0, 3)];
    expect([0, 1, 2, 3, 4].map((cut) => unsafeAt(log, safeFrom(log), cut))).toEqual([
      [],
      [0],
      [0, 1],
      [0],
      [],
    ]);
  });

  it('is every combination where these are few, and never twice the same', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.nat(), (count, seed) => {
        const log = Array.from({ length: count }, () => ({ ...write(0), bytes: new Uint8Array(1) }));
        const choice = { exhaustive: 7, random: 0, next: seededRandom(seed) };
        const given = [...survivalsAt(log, safeFrom(log), count, choice)].map(({ fates }) =>
          JSON.stringify([...fates]),
        );
        expect(new Set(given).size).toBe(2 ** count);
        expect(given).toHaveLength(2 ** count);
      }),
    );
  });

  it('tears writes at the sectors of the disk', () => {
    const log: DiskLog<never> = [{ ...write(500), bytes: new Uint8Array(1000) }];
    const choice = { exhaustive: 1, random: 0, next: seededRandom(1) };
    const torn = [...survivalsAt(log, safeFrom(log), 1, choice)]
      .map(({ fates }) => fates.get(0))
      .filter((fate) => typeof fate === 'object');
    expect(torn).toEqual([
      {
        sectors: [expect.any(Boolean), expect.any(Boolean), expect.any(Boolean)],
        stale: expect.any(Boolean),
      },
    ]);
  });
});
