import type { Code } from '../codes.js';
import type { Effect } from '../errors.js';
import { step, type TransitionTable } from './table.js';

/**
 * What a client remembers of one upload over all the connections it needs for it. PROTOCOL.md, "Resuming".
 *
 *   idle       between two attempts, or before the first
 *   asking     OPEN was sent, with an offset: nothing follows before ACCEPT says where to go on
 *   sending    DATA may be sent
 *   ended      END was sent: from here on the server may commit, heard or unheard
 *   leaving    RESET was sent while something may have been committed: the server knows, and is waited for
 *   done       the server has told that it is stored
 *   failed     given up; what may have come of it is in `effect`
 *
 * The one rule that matters: `failed` with the effect *none* is only ever said when nothing of this operation is stored
 * and nothing will be. An attempt that sent END and was lost leaves that open; so does every later one, until a server
 * that provably remembers them all tells how it ended.
 */
export const uploadAttemptStates = [
  'idle',
  'asking',
  'sending',
  'ended',
  'leaving',
  'done',
  'failed',
] as const;
export type UploadAttemptState = (typeof uploadAttemptStates)[number];

export const uploadAttemptEvents = [
  /** OPEN is sent: without, and with, an offset. */
  'OPEN',
  'OPEN_ASKING',
  'ACCEPT',
  'END',
  /** RESULT with status OK. */
  'SUCCESS',
  /** RESULT with any other status, or the server's RESET. */
  'FAILURE',
  /** RESET is sent, when something may have been committed, and when nothing can have been. */
  'RESET',
  'QUIT',
  /** The connection ended. */
  'LOSE',
  /** No further attempt is made. */
  'GIVE_UP',
] as const;
export type UploadAttemptEvent = (typeof uploadAttemptEvents)[number];

export const uploadAttemptsTable: TransitionTable<UploadAttemptState, UploadAttemptEvent> = {
  idle: { OPEN: 'sending', OPEN_ASKING: 'asking', GIVE_UP: 'failed' },
  asking: { ACCEPT: 'sending', FAILURE: 'idle', RESET: 'leaving', QUIT: 'failed', LOSE: 'idle' },
  sending: {
    ACCEPT: 'sending',
    END: 'ended',
    FAILURE: 'idle',
    RESET: 'leaving',
    QUIT: 'failed',
    LOSE: 'idle',
  },
  ended: { ACCEPT: 'ended', SUCCESS: 'done', FAILURE: 'idle', RESET: 'leaving', LOSE: 'idle' },
  leaving: { ACCEPT: 'leaving', SUCCESS: 'done', FAILURE: 'idle', LOSE: 'idle' },
  done: {},
  failed: {},
};

export interface UploadAttempts {
  readonly state: UploadAttemptState;
  /** Counts the OPENs sent, this one included. Has to outlive the client when the operation id does. */
  readonly attempt: number;
  /** The offset of the last OPEN. */
  readonly asked: number;
  /** The epoch heard last. */
  readonly epoch: number;
  /** Whether the server has counted every attempt, so that what it says is true of all of them. */
  readonly remembered: boolean;
  /** What may have come of the attempts before this one. */
  readonly before: Effect;
  /** What may have come of all of them. */
  readonly effect: Effect;
}

export const noAttempt: UploadAttempts = {
  state: 'idle',
  attempt: 0,
  asked: 0,
  epoch: 0,
  remembered: false,
  before: 'none',
  effect: 'none',
};

/**
 * What a program that finds the notes of an earlier one knows: how often that tried, not how far it came.
 * @param attempt OPENs sent so far.
 */
export function attemptsOnRecord(attempt: number): UploadAttempts {
  return attempt === 0 ? noAttempt : { ...noAttempt, attempt, effect: 'unknown' };
}

/** OPEN is sent on a new connection, or again on the same. */
export function beginAttempt(attempts: UploadAttempts, offset: number): UploadAttempts {
  const next = move(attempts, offset > 0 ? 'OPEN_ASKING' : 'OPEN');
  return {
    ...next,
    attempt: attempts.attempt + 1,
    asked: offset,
    remembered: attempts.attempt === 0,
    before: attempts.effect,
  };
}

/**
 * Judges an ACCEPT.
 * @param prefixIsOurs whether the digest of the prefix is that of the same part of the source; true when offset is 0.
 * @returns `refusal`: why not to go on: the caller sends RESET with it. `SUPERSEDED`: an older one of them is answered.
 */
export function acceptAttempt(
  attempts: UploadAttempts,
  accept: { readonly epoch: number; readonly offset: number },
  prefixIsOurs: boolean,
): { readonly attempts: UploadAttempts; readonly refusal?: Code | undefined } {
  const { epoch, offset } = accept;
  const next = {
    ...move(attempts, 'ACCEPT'),
    epoch,
    // It counts OPENs: as many as we have sent, and so it has seen, and fenced, all of the others.
    remembered: attempts.remembered || epoch >= attempts.attempt,
  };
  // Who has kept bytes has kept the epoch, and counted on. (Who has forgotten all begins again, with both.)
  if (offset > 0 && epoch <= attempts.epoch) return { attempts: next, refusal: 'SUPERSEDED' };
  if (!prefixIsOurs) return { attempts: next, refusal: 'SOURCE_CHANGED' };
  return { attempts: next };
}

/** END is sent: to be noted before it is, since the server may commit as soon as it was. */
export function endAttempt(attempts: UploadAttempts): UploadAttempts {
  const { before } = attempts;
  return { ...move(attempts, 'END'), effect: before === 'none' ? 'unknown' : before };
}

/** RESULT with status OK came. */
export function succeedAttempt(attempts: UploadAttempts): UploadAttempts {
  return { ...move(attempts, 'SUCCESS'), effect: 'applied' };
}

/**
 * RESULT with any other status, or RESET, came. The same id may be tried again.
 * @param told the effect that RESULT tells; undefined for RESET, which tells none.
 */
export function failAttempt(attempts: UploadAttempts, told: Effect | undefined): UploadAttempts {
  return {
    ...move(attempts, 'FAILURE'),
    effect: told === undefined ? attempts.effect : judge(attempts, told),
  };
}

/** RESET is sent. What cannot have been committed is over; otherwise the answer is waited for. */
export function resetAttempt(attempts: UploadAttempts): UploadAttempts {
  return move(attempts, attempts.effect === 'none' ? 'QUIT' : 'RESET');
}

/** The connection ended. */
export function loseAttempt(attempts: UploadAttempts): UploadAttempts {
  return move(attempts, 'LOSE');
}

/** There will be no further attempt. `effect` is what to tell. */
export function giveUpAttempts(attempts: UploadAttempts): UploadAttempts {
  return move(attempts, 'GIVE_UP');
}

function judge({ before, remembered }: UploadAttempts, told: Effect): Effect {
  if (told !== 'none') return told;
  return before === 'none' || remembered ? 'none' : before;
}

function move(attempts: UploadAttempts, event: UploadAttemptEvent): UploadAttempts {
  const state = step(uploadAttemptsTable, attempts.state, event);
  if (state === undefined)
    throw new RangeError(`${event} cannot happen to an upload that is ${attempts.state}`);
  return { ...attempts, state };
}
