import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { limitOf } from './limit-error.js';
import { type Guess, LoginGuard, type LoginLimits } from './login-guard.js';
import { resolveServerLimits } from './server-limits.js';

const NEVER = Number.POSITIVE_INFINITY;

const guarded = (limits: Partial<LoginLimits> = {}): LoginGuard =>
  new LoginGuard(resolveServerLimits(limits));

function begun(guard: LoginGuard, address: string, now: number, deadline = NEVER): Guess {
  const guess = guard.begin(address, now, deadline);
  if (guess instanceof FilexError) throw guess;
  return guess;
}

/** Tries as soon as it may; returns when that was, or undefined when it may not. */
function tries(
  guard: LoginGuard,
  address: string,
  now: number,
  outcome: 'right' | 'wrong',
): number | undefined {
  const guess = guard.begin(address, now, NEVER);
  if (guess instanceof FilexError) return undefined;
  guess.end(outcome, guess.at);
  return guess.at;
}

describe('who guesses passcodes', () => {
  it('waits twice as long after each failure, then is banned, then begins again', () => {
    const guard = guarded({ loginFailuresBeforeBan: 10 });
    let now = 1000;
    const waited: number[] = [];
    for (let at = tries(guard, 'a', now, 'wrong'); at !== undefined; at = tries(guard, 'a', now, 'wrong')) {
      waited.push(at - now);
      now = at;
    }
    expect(waited).toEqual([0, 0, 0, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    const refusal = guard.refusal('a', now);
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retry: true });
    expect(refusal?.message).toBe(
      'this address is banned for about 10 minutes, after 10 failed logins (loginFailuresBeforeBan)',
    );
    expect(limitOf(refusal)).toBe('loginFailuresBeforeBan');
    expect(guard.refusal('a', now + 599_999)?.message).toContain('for about 1 s,');
    expect(guard.refusal('a', now + 600_000)).toBeUndefined();
    expect(tries(guard, 'a', now + 600_000, 'wrong')).toBe(now + 600_000);
  });

  it('does not wait for time that has passed by itself', () => {
    const guard = guarded();
    for (let i = 0; i < 3; i += 1) tries(guard, 'a', 0, 'wrong');
    expect(begun(guard, 'a', 200).at).toBe(500);
    expect(begun(guarded(), 'a', 700).at).toBe(700);
  });

  it('is told at once when the wait is longer than the handshake may take', () => {
    const guard = guarded();
    for (let i = 0; i < 6; i += 1) tries(guard, 'a', 0, 'wrong');
    const refusal = guard.begin('a', 3500, 7000);
    expect(refusal).toMatchObject({
      code: 'RATE_LIMITED',
      message: 'after 6 failed logins from this address the next one is possible in 4 s (loginDelay)',
    });
    // It was not looked at, so it does not count.
    expect(begun(guard, 'a', 3500, 7500).at).toBe(7500);
  });

  it('gets no more guesses than allowed in a window, however many at once, whoever logs in between', () => {
    const step = fc.record({
      gap: fc.nat(40),
      outcome: fc.constantFrom('right' as const, 'wrong' as const, 'unjudged' as const, 'later' as const),
      ends: fc.nat(),
    });
    const limits = fc.record({
      loginFailuresBeforeBan: fc.integer({ min: 1, max: 6 }),
      loginFailuresBeforeDelay: fc.nat(4),
      loginDelay: fc.nat(5),
    });
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 80 }), (some, steps) => {
        const window = 200;
        const guard = guarded({ ...some, maxLoginDelay: 20, loginFailureWindow: window, banTime: window });
        let now = 0;
        let open: Guess[] = [];
        const wrong: number[] = [];
        for (const { gap, outcome, ends } of steps) {
          now += gap;
          const guess = guard.begin('a', now, now + 50);
          if (!(guess instanceof FilexError)) {
            expect(guess.at).toBeGreaterThanOrEqual(now);
            expect(guess.at).toBeLessThanOrEqual(now + 50);
            open.push(guess);
          }
          // Those that were begun end in any order, but not before they may.
          const due = open.filter(({ at }) => at <= now);
          const ended = due[ends % Math.max(1, due.length)];
          if (outcome === 'later' || ended === undefined) continue;
          open = open.filter((each) => each !== ended);
          ended.end(outcome, now);
          if (outcome === 'wrong') wrong.push(now);
          const recent = wrong.filter((at) => at > now - window).length;
          expect(recent + open.length).toBeLessThanOrEqual(some.loginFailuresBeforeBan);
        }
      }),
    );
  });

  it('cannot start again by logging in with an account of its own', () => {
    const guard = guarded();
    let judged = 0;
    for (let now = 0; now < 600_000; now += 1000) {
      if (tries(guard, 'a', now, 'wrong') !== undefined) judged += 1;
      tries(guard, 'a', now, 'right');
    }
    expect(judged).toBe(20);
  });

  it('is not kept waiting any more once it has logged in', () => {
    const guard = guarded();
    for (let i = 0; i < 8; i += 1) tries(guard, 'a', 0, 'wrong');
    let at = tries(guard, 'a', 0, 'right') as number;
    // The next failures are the first ones again.
    for (let i = 0; i < 3; i += 1) {
      expect(tries(guard, 'a', at, 'wrong')).toBe(at);
      at += 1;
    }
    expect(tries(guard, 'a', at, 'wrong')).toBe(at + 499);
  });

  it('at several passcodes at once waits for one after the other', () => {
    const guard = guarded();
    for (let i = 0; i < 3; i += 1) tries(guard, 'a', 0, 'wrong');
    const guesses = [1, 2, 3, 4].map(() => begun(guard, 'a', 100));
    expect(guesses.map(({ at }) => at)).toEqual([500, 1500, 3500, 7500]);
    expect(guard.begin('a', 100, 10_000)).toMatchObject({ code: 'RATE_LIMITED' });
    for (const guess of guesses) guess.end('unjudged', 200);
    expect(begun(guard, 'a', 600).at).toBe(600);
  });

  it('is forgiven when the window has passed', () => {
    const guard = guarded();
    for (let i = 0; i < 15; i += 1) tries(guard, 'a', i, 'wrong');
    const later = 600_000 + 60_000 + 1000;
    for (let i = 0; i < 15; i += 1) expect(tries(guard, 'a', later, 'wrong')).toBeDefined();
  });
});

describe('others', () => {
  it('are not touched by it', () => {
    const guard = guarded();
    for (let now = 0; now < 100_000; now += 1000) tries(guard, 'a', now, 'wrong');
    expect(guard.refusal('a', 100_000)).toBeDefined();
    expect(tries(guard, 'b', 100_000, 'wrong')).toBe(100_000);
    expect(guard.refusal('b', 100_000)).toBeUndefined();
  });

  it('that log in at the same time in great numbers do not wait', () => {
    const guard = guarded();
    for (let i = 0; i < 1000; i += 1) expect(tries(guard, 'office', 5, 'right')).toBe(5);
  });
});

describe('what is remembered', () => {
  it('is bounded, and a flood of addresses makes no ban be forgotten', () => {
    const guard = guarded({ maxTrackedAddresses: 16, loginFailuresBeforeBan: 2 });
    for (const address of ['a', 'b']) for (let i = 0; i < 2; i += 1) tries(guard, address, i, 'wrong');
    for (let i = 0; i < 10_000; i += 1) {
      tries(guard, `flood ${i}`, 10, 'wrong');
      expect(guard.tracked).toBeLessThanOrEqual(16);
    }
    for (const address of ['a', 'b']) expect(guard.refusal(address, 10)).toBeDefined();
  });

  it('of bans is bounded too: the one that ends first goes', () => {
    const guard = guarded({ maxTrackedAddresses: 8, loginFailuresBeforeBan: 1 });
    for (let i = 0; i < 5; i += 1) guard.fail(`${i}`, i);
    expect([0, 1, 2, 3, 4].map((i) => guard.refusal(`${i}`, 10) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  it('of guesses that were never judged is nothing', () => {
    const guard = guarded();
    for (let i = 0; i < 100; i += 1) begun(guard, `${i}`, 0).end('unjudged', 0);
    expect(guard.tracked).toBe(0);
    for (let i = 0; i < 100; i += 1) begun(guard, 'a', 0).end('unjudged', 0);
    expect(begun(guard, 'a', 0).at).toBe(0);
  });
});
