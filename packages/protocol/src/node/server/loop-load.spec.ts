import { performance } from 'node:perf_hooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOAD_INTERVAL } from '../bounds.js';
import { LoopLoad } from './loop-load.js';

/** A process that has worked for so many milliseconds of those that have passed. */
function processOf(): { passed: number; worked: number } {
  const times = { passed: 0, worked: 0 };
  const now = vi.spyOn(performance, 'now').mockImplementation(() => times.passed);
  const load = vi.spyOn(performance, 'eventLoopUtilization').mockImplementation((before) => {
    const active = times.worked - (before?.active ?? 0);
    const idle = times.passed - times.worked - (before?.idle ?? 0);
    return { active, idle, utilization: active + idle === 0 ? 0 : active / (active + idle) };
  });
  onTestFinished(() => {
    now.mockRestore();
    load.mockRestore();
  });
  return times;
}

describe('the load of the event loop', () => {
  it('is that of the last time, once that was long enough', () => {
    const times = processOf();
    const load = new LoopLoad();
    times.passed = LOAD_INTERVAL - 1;
    times.worked = LOAD_INTERVAL - 1;
    expect(load.share).toBe(0);
    times.passed = 2 * LOAD_INTERVAL;
    times.worked = LOAD_INTERVAL;
    expect(load.share).toBe(0.5);
    times.passed += LOAD_INTERVAL / 2;
    times.worked += LOAD_INTERVAL / 2;
    expect(load.share).toBe(0.5);
    times.passed += LOAD_INTERVAL / 2;
    times.worked += LOAD_INTERVAL / 2;
    expect(load.share).toBe(1);
    // Long ago, and idle since.
    times.passed += 9 * LOAD_INTERVAL;
    expect(load.share).toBe(0);
  });
});
