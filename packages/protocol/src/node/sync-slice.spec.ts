import { expect, it } from 'vitest';
import { SYNC_PATIENCE, SYNC_REST, SYNC_SLICE } from './bounds.js';
import { SyncSlice } from './sync-slice.js';
import { turns } from './testing/deferred.js';

/** A slice on a clock that only work moves. */
function rig(): {
  slice: SyncSlice;
  work: (milliseconds: number) => void;
  pass: (milliseconds: number) => void;
} {
  let now = 0;
  const slice = new SyncSlice(() => now);
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  return { slice, pass, work: (milliseconds) => slice.run(() => pass(milliseconds)) };
}

it('has so much time in each turn of the event loop, and then lets others work', async () => {
  const { slice, work } = rig();
  for (let spent = 0; spent < SYNC_SLICE; spent += 1) {
    expect(slice.turn()).toBeUndefined();
    work(1);
  }
  let began = false;
  const turn = (slice.turn() as Promise<void>).then(() => {
    began = true;
  });
  await Promise.resolve();
  expect(began).toBe(false);
  await turn;
  expect(slice.turn()).toBeUndefined();
});

it('rests when a single file took long, and tries again after a while', async () => {
  const { slice, work, pass } = rig();
  work(SYNC_PATIENCE);
  expect(slice.isSlow).toBe(false);
  work(SYNC_PATIENCE + 1);
  await turns(2);
  expect(slice.isSlow).toBe(true);
  pass(SYNC_REST);
  expect(slice.isSlow).toBe(false);
});

it('counts work that fails, and tells why it did', () => {
  const { slice, pass } = rig();
  const failing = (): void =>
    slice.run(() => {
      pass(SYNC_SLICE);
      throw new Error('no such file');
    });
  expect(failing).toThrow('no such file');
  expect(slice.turn()).toBeInstanceOf(Promise);
});
