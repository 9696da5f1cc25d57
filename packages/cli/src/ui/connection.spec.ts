import { FilexError } from '@filex/protocol';
import type { SessionState } from '@filex/protocol/node';
import fc from 'fast-check';
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { columnsOf } from './columns.js';
import { type Disconnected, reconnectingLine } from './connection.js';
import { ConnectionEvents, ConnectionNotes } from './connection-notes.js';
import { LiveDisplay, PlainDisplay } from './progress/displays.js';
import { Screen } from './progress/screen.js';
import { Tracker } from './progress/tracker.js';

const error = new FilexError('CONNECTION_LOST', 'the server closed the connection');
const waiting = (attempt = 2, delay = 3000): Disconnected => ({
  state: 'waiting',
  error,
  attempt,
  retries: 30,
  delay,
});
const connecting: SessionState = { state: 'connecting', attempt: 2, retries: 30 };
const connected: SessionState = { state: 'connected', connection: 2 };

describe('reconnectingLine', () => {
  it('says when, which attempt, why, and what is safe', () => {
    expect(reconnectingLine(waiting(), 2100, error.message, '41% safe')).toBe(
      'Reconnecting in 3 s (attempt 2 of 30): the server closed the connection. 41% safe',
    );
    expect(reconnectingLine(waiting(), -50, '', '')).toBe('Reconnecting in 0 s (attempt 2 of 30)');
  });

  it('gives up the reason first when there is no room', () => {
    const line = (columns: number): string =>
      reconnectingLine(waiting(), 3000, error.message, '41% safe', columns);
    expect(line(70)).toBe('Reconnecting in 3 s (attempt 2 of 30): the server…connection. 41% safe');
    expect(line(60)).toBe('Reconnecting in 3 s (attempt 2 of 30). 41% safe');
    expect(line(40)).toBe('Reconnecting in 3 s. 41% safe');
    expect(line(10)).toBe('Reconnecti');
  });

  it('is never too wide and has no control character, whatever the server says', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 200 }),
        (attempt, wait, why, columns) => {
          const line = reconnectingLine(waiting(attempt), wait, why, '41% safe', columns);
          expect(columnsOf(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/\p{Cc}/u);
        },
      ),
    );
  });
});

function half(): Tracker {
  const tracker = new Tracker(1000);
  tracker.found(100);
  tracker.foundAll();
  tracker.begin('x', 100).progress(41, 100);
  return tracker;
}

describe('on a terminal', () => {
  it('it counts down, and says what comes then', () => {
    const drawn: string[][] = [];
    const screen = Object.assign(new Screen(process.stderr), {
      draw: (lines: string[]) => drawn.push(lines),
    });
    const style = { colors: picocolors.createColors(false), unicode: true };
    const display = new LiveDisplay(screen, half(), {
      phase: 'Uploading',
      style,
      columns: () => 100,
      verbose: false,
    });
    const at = (now: number): string | undefined => {
      display.tick(now);
      return drawn.at(-1)?.[1];
    };
    expect(at(0)).toBeUndefined();
    display.connection(waiting(), 1000);
    expect(at(1000)).toBe(
      'Reconnecting in 3 s (attempt 2 of 30): the server closed the connection. 41% safe',
    );
    expect(at(2500)).toMatch(/^Reconnecting in 2 s/);
    expect(at(3100)).toMatch(/^Reconnecting in 1 s/);
    display.connection(connecting, 4000);
    expect(at(4000)).toBe('Reconnecting now (attempt 2 of 30): the server closed the connection. 41% safe');
    display.connection(connected, 4100);
    expect(at(4100)).toBeUndefined();
  });
});

describe('off a terminal', () => {
  it('there is a line for each attempt, at most one a second, and one for its end', () => {
    const delays = fc.array(fc.nat({ max: 2500 }), { maxLength: 40 });
    fc.assert(
      fc.property(delays, (steps) => {
        const lines: [number, string][] = [];
        let time = 0;
        const notes = new ConnectionNotes({ write: (line) => lines.push([time, line]), now: () => time });
        steps.forEach((step, index) => {
          time += step;
          notes.change(waiting(index + 1, step));
          notes.change(connecting);
        });
        const times = lines.map(([at]) => at);
        times.forEach((at, index) => {
          if (index > 0) expect(at - (times[index - 1] as number)).toBeGreaterThanOrEqual(1000);
        });
        notes.change(connected);
        notes.change(connected);
        expect(lines.filter(([, line]) => line === 'Connected again.')).toHaveLength(
          steps.length > 0 ? 1 : 0,
        );
      }),
    );
  });

  it('nothing is said about progress while there is none', () => {
    const lines: string[] = [];
    const display = new PlainDisplay((line) => lines.push(line), half(), {
      phase: 'Uploading',
      verbose: false,
    });
    display.tick(0);
    display.connection(waiting(), 10);
    display.tick(60_000);
    expect(lines).toEqual([
      'Reconnecting in 3 s (attempt 2 of 30): the server closed the connection. 41% safe',
    ]);
    display.connection(connected, 60_010);
    display.tick(60_020);
    expect(lines.slice(1)).toEqual(['Connected again.', expect.stringMatching(/^Uploading: 41%/)]);
  });
});

describe('events', () => {
  it('tell each change but the first connection', () => {
    const events: Record<string, unknown>[] = [];
    const teller = new ConnectionEvents((event) => events.push(event));
    teller.change({ state: 'connected', connection: 1 });
    teller.change(waiting());
    teller.change(connecting);
    teller.change(connected);
    const event = 'connection';
    const numbers = { attempt: 2, retries: 30 };
    expect(events).toEqual([
      { event, state: 'waiting', ...numbers, delay: 3000, code: 'CONNECTION_LOST', message: error.message },
      { event, state: 'connecting', ...numbers },
      { event, state: 'connected', connection: 2, ...numbers },
    ]);
  });
});
