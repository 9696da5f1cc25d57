import { FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import type { Settled } from '../../transfer/outcome.js';
import { Tally } from '../../transfer/tally.js';
import { JsonDisplay, PlainDisplay } from './displays.js';
import { Report } from './report.js';
import { Tracker } from './tracker.js';

const failed: Settled = {
  status: 'failed',
  from: 'a\x1b',
  to: 'b',
  error: new FilexError('NO_SPACE', 'full'),
};

describe('PlainDisplay', () => {
  /** Moves 100 bytes at `speed` bytes a second, looked at ten times a second. */
  function run(speed: number): string[] {
    const lines: string[] = [];
    const tracker = new Tracker(8_000);
    const display = new PlainDisplay((line) => lines.push(line), tracker, {
      phase: 'Uploading',
      verbose: false,
    });
    tracker.found(100);
    tracker.foundAll();
    const lane = tracker.begin('x', 100);
    for (let time = 0; time * speed <= 100_000; time += 100) {
      lane.progress(Math.floor((time * speed) / 1000), undefined);
      tracker.sample(time);
      display.tick(time);
    }
    return lines;
  }

  it('says something every 10 %', () => expect(run(2)).toHaveLength(10));
  it('says something every 10 s when that is sooner', () => expect(run(0.5)).toHaveLength(20));
  it('says at most one line a second', () => expect(run(50).length).toBeLessThanOrEqual(2));
  it('says nothing about what is over in a moment', () => expect(run(1000)).toEqual([]));
  it('says what, how far, how fast and how long', () => {
    expect(run(2)[0]).toBe('Uploading: 10%, 10 B of 100 B, 0 of 1 files, 2 B/s, ETA 45 s');
  });
});

describe('JsonDisplay', () => {
  it('tells progress at most once a second, and how every file ended', () => {
    const events: Readonly<Record<string, unknown>>[] = [];
    const tracker = new Tracker(8_000);
    const display = new JsonDisplay(
      (event) => events.push(event),
      () => undefined,
      tracker,
    );
    for (let time = 0; time < 3_500; time += 100) display.tick(time);
    expect(events.map((event) => event['event'])).toEqual(['progress', 'progress', 'progress']);
    expect(events[0]).toEqual({
      event: 'progress',
      complete: false,
      files: { settled: 0, found: 0 },
      bytes: { acknowledged: 0, found: 0 },
      rate: 0,
    });
    display.settled(failed);
    expect(events.at(-1)).toMatchObject({
      event: 'file',
      status: 'failed',
      from: 'a\x1b',
      code: 'NO_SPACE',
      message: 'full',
    });
  });
});

describe('Report', () => {
  it('tells numbers, counts and display the same story, and stops asking for the time', () => {
    const lines: string[] = [];
    const tracker = new Tracker(1_000);
    const tally = new Tally();
    const display = new PlainDisplay((line) => lines.push(line), tracker, {
      phase: 'Uploading',
      verbose: true,
    });
    let looks = 0;
    const report = new Report(tracker, tally, display, () => ++looks, 1_000_000);
    report.found(5);
    report.found(5);
    report.foundAll();
    report.begin('a', 5).end(failed);
    report.notTried(5);
    report.folderMade();
    report.close();
    expect(tally).toMatchObject({ failed: 1, notTried: 1, foldersMade: 1 });
    expect(tracker.fraction()).toBe(1);
    expect(lines).toEqual(['failed  a\\x1b: full']);
    expect(looks).toBe(1);
  });
});
