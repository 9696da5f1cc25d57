import { describe, expect, it } from 'vitest';
import { failureOf, turns } from '../testing/deferred.js';
import { StreamSlots } from './stream-slots.js';

/** Room for `free` streams. */
function slotsFor(free: number) {
  const state = { free, opened: [] as number[] };
  const slots = new StreamSlots(() => state.free > 0);
  const open = (name: number, signal?: AbortSignal): Promise<number> =>
    slots.run(() => {
      state.free -= 1;
      state.opened.push(name);
      return name;
    }, signal);
  const close = (): void => {
    state.free += 1;
    slots.next();
  };
  return { state, slots, open, close };
}

describe('streams', () => {
  it('are opened at once while there is room, then in turn', async () => {
    const { state, open, close } = slotsFor(1);
    const all = [1, 2, 3, 4].map((name) => open(name));
    expect(state.opened).toEqual([1]);
    close();
    expect(state.opened).toEqual([1, 2]);
    close();
    // One that comes now does not go ahead of those that wait.
    state.free += 1;
    void open(5);
    expect(state.opened).toEqual([1, 2, 3]);
    close();
    close();
    expect(state.opened).toEqual([1, 2, 3, 4, 5]);
    expect(await Promise.all(all)).toEqual([1, 2, 3, 4]);
  });

  it('whose opening fails leave the room to the next', async () => {
    const { state, slots, open, close } = slotsFor(1);
    void open(1);
    const failing = slots.run(() => {
      throw new Error('bad request');
    }, undefined);
    const next = open(2);
    close();
    expect(await failureOf(failing)).toMatchObject({ message: 'bad request' });
    expect(await next).toBe(2);
    expect(state.opened).toEqual([1, 2]);
  });

  it('that are given up while they wait leave the others in order', async () => {
    const { state, open, close } = slotsFor(0);
    const controllers = [1, 2, 3].map(() => new AbortController());
    const waiting = controllers.map((controller, i) => open(i + 1, controller.signal));
    controllers[1]?.abort(new Error('enough'));
    expect(await failureOf(waiting[1] as Promise<number>)).toMatchObject({ message: 'enough' });
    close();
    close();
    close();
    expect(state.opened).toEqual([1, 3]);
    controllers[0]?.abort();
    await turns();
    expect(await waiting[0]).toBe(1);
  });

  it('all fail when nothing can be opened any more', async () => {
    const { state, slots, open } = slotsFor(0);
    const waiting = [open(1), open(2)];
    slots.fail(new Error('over'));
    for (const each of waiting) expect(await failureOf(each)).toMatchObject({ message: 'over' });
    state.free = 5;
    slots.next();
    expect(state.opened).toEqual([]);
  });
});
