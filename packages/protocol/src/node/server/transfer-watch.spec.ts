import { describe, expect, it } from 'vitest';
import type { FilexError } from '../../errors.js';
import { limitOf } from './limit-error.js';
import { type Transfer, TransferWatch, type WatchedDriver } from './transfer-watch.js';

const limits = { progressInterval: 1000, minProgress: 100 };

/** A connection whose figures are set by hand, at a time that is told. */
function watched() {
  const driver = { queued: 0, inFlight: 0, unsent: 0 as number | undefined, closed: false };
  const aborted: FilexError[] = [];
  const watch = new TransferWatch(
    {
      get queued() {
        return driver.queued;
      },
      get inFlight() {
        return driver.inFlight;
      },
      get unsent() {
        return driver.unsent;
      },
      closed: false,
      abort: (error) => void aborted.push(error),
      connection: { limits: { maxDataPayload: 1000 } } as WatchedDriver['connection'],
    },
    limits,
  );
  let now = 0;
  /** Lets so many milliseconds pass, and looks now and then; `change` is called before each look. */
  const pass = (milliseconds: number, change: () => void = () => undefined): void => {
    for (const end = now + milliseconds; now < end; ) {
      now += 125;
      change();
      watch.look(now);
    }
  };
  return { driver, watch, aborted, pass };
}

function transfer(waitsForClient = true) {
  const stopped: FilexError[] = [];
  const each = { moved: 0, waitsForClient, stop: (error: FilexError): void => void stopped.push(error) };
  return { each: each satisfies Transfer, stopped };
}

describe('the watch over transfers', () => {
  it('stops one that does nothing, once, and names the limit', () => {
    const { watch, pass, aborted } = watched();
    const { each, stopped } = transfer();
    watch.add(each);
    pass(5000);
    expect(stopped).toMatchObject([
      {
        code: 'TIMEOUT',
        message: 'the transfer moved less than 100 bytes in 1000 ms (progressInterval) (minProgress)',
      },
    ]);
    expect(limitOf(stopped[0])).toBe('minProgress');
    expect(aborted).toEqual([]);
  });

  it('leaves alone what waits for this server, and what has ended', () => {
    const { watch, pass } = watched();
    const waiting = transfer(false);
    const ended = transfer();
    watch.add(waiting.each);
    watch.add(ended.each)();
    pass(100_000);
    expect([...waiting.stopped, ...ended.stopped]).toEqual([]);
  });

  it('lets each have its turn on a slow connection', () => {
    const { watch, pass } = watched();
    const all = Array.from({ length: 10 }, () => transfer());
    for (const { each } of all) watch.add(each);
    let at = 0;
    // A frame at a time, of one after the other: each moves only every ten seconds.
    pass(100_000, () => {
      (all[Math.floor(at / 1000) % all.length] as (typeof all)[0]).each.moved += 125;
      at += 125;
    });
    expect(all.flatMap(({ stopped }) => stopped)).toEqual([]);
  });

  it('counts what those moved that have ended meanwhile', () => {
    const { watch, pass } = watched();
    const waiting = transfer();
    watch.add(waiting.each);
    // One after the other begins, is quick, and ends.
    for (let i = 0; i < 16; i += 1) {
      const quick = transfer();
      const end = watch.add(quick.each);
      pass(500, () => {
        quick.each.moved += 15;
      });
      end();
    }
    expect(waiting.stopped).toEqual([]);
  });

  it('ends a connection whose client takes nothing', () => {
    const { driver, pass, aborted } = watched();
    driver.queued = 5000;
    driver.inFlight = 5000;
    driver.unsent = 5000;
    pass(2000);
    expect(aborted[0]).toMatchObject({ code: 'TIMEOUT' });
  });

  it.each([
    ['by what the system has taken of a write', () => ({ unsent: -13 })],
    ['by writes that have ended', () => ({ queued: 13 })],
  ])('leaves a client alone that is slow: seen %s', (_how, change) => {
    const { driver, pass, aborted } = watched();
    Object.assign(driver, { queued: 100_000, inFlight: 100_000, unsent: 100_000 });
    pass(20_000, () => {
      const { unsent = 0, queued = 0 }: { unsent?: number; queued?: number } = change();
      driver.unsent = (driver.unsent as number) + unsent;
      driver.queued += queued;
    });
    expect(aborted).toEqual([]);
  });

  it('leaves a client alone of which nothing can be told, or that has taken everything', () => {
    const { driver, pass, aborted } = watched();
    driver.queued = 5000;
    pass(20_000);
    driver.inFlight = 5000;
    driver.unsent = undefined;
    pass(20_000);
    expect(aborted).toEqual([]);
  });
});
