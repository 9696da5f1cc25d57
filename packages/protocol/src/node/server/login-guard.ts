import type { FilexError } from '../../errors.js';
import { AddressTable } from './address-table.js';
import { limitError } from './limit-error.js';
import type { ServerLimits } from './server-limits.js';

export type LoginLimits = Pick<
  ServerLimits,
  | 'loginFailuresBeforeDelay'
  | 'loginDelay'
  | 'maxLoginDelay'
  | 'loginFailuresBeforeBan'
  | 'loginFailureWindow'
  | 'banTime'
  | 'maxTrackedAddresses'
>;

/** A passcode that somebody tries. `end` is called once. */
export interface Guess {
  /** When it may be judged, milliseconds; not before. */
  readonly at: number;
  /** `unjudged`: it was not looked at, so that nobody has learned anything. */
  end(outcome: 'right' | 'wrong' | 'unjudged', now: number): void;
}

interface Suspect {
  /** When logins failed, those in the window; oldest first. */
  readonly failures: number[];
  /** Failures since the last login that succeeded: these make the next one wait. */
  streak: number;
}

/** Guesses that were begun and have not ended. */
interface Pending {
  count: number;
  /** When the last of them is judged. */
  last: number;
}

/**
 * Makes guessing passcodes slow, then impossible, for each address on its own. Takes time as an argument.
 *
 * - Who fails often has to wait, twice as long after each failure; a login that succeeds ends that.
 * - Who fails too often in a window is banned, whoever logged in between: with one valid account, nobody can guess the others'.
 * - Guesses under way count as if they had failed, so that no number of connections at once gets more of them.
 * - Of all addresses, half of the table is for bans: only another ban, which takes as many failures, can make one be forgotten.
 */
export class LoginGuard {
  readonly #limits: LoginLimits;
  readonly #suspects: AddressTable<Suspect>;
  /** Until when. As all take the same time, the one that ends first is the oldest. */
  readonly #bans: AddressTable<number>;
  /** Bounded by the handshakes under way. */
  readonly #pending = new Map<string, Pending>();

  constructor(limits: LoginLimits) {
    this.#limits = limits;
    const half = Math.floor(limits.maxTrackedAddresses / 2);
    this.#suspects = new AddressTable(limits.maxTrackedAddresses - half);
    this.#bans = new AddressTable(half);
  }

  /** Addresses that something is remembered of. */
  get tracked(): number {
    return this.#suspects.size + this.#bans.size;
  }

  /** Why an address is not let in at all; undefined when it is. */
  refusal(address: string, now: number): FilexError | undefined {
    const until = this.#bans.get(address);
    if (until === undefined) return undefined;
    if (until <= now) {
      this.#bans.delete(address);
      return undefined;
    }
    const { loginFailuresBeforeBan } = this.#limits;
    return limitError(
      'loginFailuresBeforeBan',
      'RATE_LIMITED',
      `this address is banned for about ${duration(until - now)}, after ${loginFailuresBeforeBan} failed logins`,
    );
  }

  /**
   * Somebody tries a passcode.
   * @param deadline when it must have been judged.
   * @returns why it may not be tried, or when.
   */
  begin(address: string, now: number, deadline: number): Guess | FilexError {
    const banned = this.refusal(address, now);
    if (banned !== undefined) return banned;
    const { loginFailuresBeforeBan } = this.#limits;
    const suspect = this.#suspect(address, now);
    const pending = this.#pending.get(address) ?? { count: 0, last: Number.NEGATIVE_INFINITY };
    const failures = (suspect?.failures.length ?? 0) + pending.count;
    if (failures >= loginFailuresBeforeBan) {
      const words = `${failures} logins from this address have failed or are under way; try again when they have ended`;
      return limitError('loginFailuresBeforeBan', 'RATE_LIMITED', words);
    }
    const streak = (suspect?.streak ?? 0) + pending.count;
    const last = Math.max(suspect?.failures.at(-1) ?? Number.NEGATIVE_INFINITY, pending.last);
    const at = Math.max(now, last + this.#delay(streak));
    if (at > deadline) {
      const words = `after ${streak} failed logins from this address the next one is possible in ${duration(at - now)}`;
      return limitError('loginDelay', 'RATE_LIMITED', words);
    }
    this.#pending.set(address, { count: pending.count + 1, last: Math.max(at, pending.last) });
    return {
      at,
      end: (outcome, endedAt) => {
        this.#ended(address);
        if (outcome === 'wrong') this.fail(address, endedAt);
        else if (outcome === 'right') this.#succeed(address);
      },
    };
  }

  /** A login failed, at whatever step. */
  fail(address: string, now: number): void {
    const { loginFailuresBeforeBan, banTime } = this.#limits;
    const suspect = this.#suspect(address, now) ?? { failures: [], streak: 0 };
    suspect.failures.push(now);
    suspect.streak += 1;
    if (suspect.failures.length < loginFailuresBeforeBan) {
      this.#suspects.set(address, suspect);
      return;
    }
    this.#suspects.delete(address);
    this.#bans.set(address, now + banTime);
  }

  #succeed(address: string): void {
    const suspect = this.#suspects.get(address);
    if (suspect !== undefined) suspect.streak = 0;
  }

  #ended(address: string): void {
    const pending = this.#pending.get(address) as Pending;
    pending.count -= 1;
    if (pending.count === 0) this.#pending.delete(address);
  }

  /** What is held against an address now. */
  #suspect(address: string, now: number): Suspect | undefined {
    const suspect = this.#suspects.get(address);
    if (suspect === undefined) return undefined;
    const { failures } = suspect;
    while (failures.length > 0 && (failures[0] as number) <= now - this.#limits.loginFailureWindow)
      failures.shift();
    suspect.streak = Math.min(suspect.streak, failures.length);
    if (failures.length > 0) return suspect;
    this.#suspects.delete(address);
    return undefined;
  }

  /** Milliseconds between a failure and the next login, after so many in a row. */
  #delay(streak: number): number {
    const { loginFailuresBeforeDelay, loginDelay, maxLoginDelay } = this.#limits;
    if (streak === 0 || streak < loginFailuresBeforeDelay) return 0;
    return Math.min(loginDelay * 2 ** (streak - Math.max(1, loginFailuresBeforeDelay)), maxLoginDelay);
  }
}

/** Rounded up, in words: nobody comes back a moment too early. */
function duration(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
