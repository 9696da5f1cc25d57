import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failureOf } from '../testing/deferred.js';
import { sleep, unlessAborted } from './wait.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a wait', () => {
  it('ends when its time has come, and leaves nothing behind', async () => {
    const { signal } = new AbortController();
    const waiting = sleep(1000, signal);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1000);
    await waiting;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends at once when it is given up, and leaves no timer behind', async () => {
    const controller = new AbortController();
    const waiting = failureOf(sleep(1000, controller.signal));
    controller.abort('enough');
    expect(await waiting).toBe('enough');
    expect(await failureOf(sleep(1000, controller.signal))).toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('waiting for something', () => {
  it('ends with it, or when it is given up', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    expect(await unlessAborted(Promise.resolve(5), signal)).toBe(5);
    expect(await failureOf(unlessAborted(Promise.reject(new Error('no')), signal))).toMatchObject({
      message: 'no',
    });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const never = failureOf(unlessAborted(new Promise(() => undefined), signal));
    controller.abort('enough');
    expect(await never).toBe('enough');
  });
});
