import { describe, expect, it } from 'vitest';
import {
  acceptAttempt,
  attemptsOnRecord,
  beginAttempt,
  endAttempt,
  failAttempt,
  giveUpAttempts,
  loseAttempt,
  noAttempt,
  resetAttempt,
  succeedAttempt,
  type UploadAttempts,
  uploadAttemptEvents,
  uploadAttemptStates,
  uploadAttemptsTable,
} from './upload-attempts.js';

/** A first attempt whose END was sent and that was lost. */
const lost = () => loseAttempt(endAttempt(beginAttempt(noAttempt, 0)));
const accepted = (attempts: UploadAttempts, epoch: number, offset = 0) =>
  acceptAttempt(attempts, { epoch, offset }, true).attempts;

describe('the table of the attempts at an upload', () => {
  it('reaches every state, uses every event, and ends where the caller is told', () => {
    const seen = new Set(['idle']);
    for (const state of seen) {
      for (const next of Object.values(uploadAttemptsTable[state as 'idle'])) seen.add(next);
    }
    expect(seen).toEqual(new Set(uploadAttemptStates));
    const used = new Set(uploadAttemptStates.flatMap((state) => Object.keys(uploadAttemptsTable[state])));
    expect(used).toEqual(new Set(uploadAttemptEvents));
    const ends = uploadAttemptStates.filter((state) => Object.keys(uploadAttemptsTable[state]).length === 0);
    expect(ends).toEqual(['done', 'failed']);
  });
});

describe('the attempts at an upload', () => {
  it('have no effect before END, and may have any after it', () => {
    const sending = beginAttempt(noAttempt, 0);
    expect(giveUpAttempts(loseAttempt(sending))).toMatchObject({ state: 'failed', effect: 'none' });
    expect(giveUpAttempts(lost())).toMatchObject({ state: 'failed', effect: 'unknown' });
    expect(resetAttempt(sending)).toMatchObject({ state: 'failed', effect: 'none' });
    expect(resetAttempt(endAttempt(sending)).state).toBe('leaving');
    expect(succeedAttempt(endAttempt(sending))).toMatchObject({ state: 'done', effect: 'applied' });
  });

  it('believe in no effect only a server that remembers all of them', () => {
    const second = beginAttempt(lost(), 9);
    expect(failAttempt(second, 'none').effect).toBe('unknown');
    expect(failAttempt(accepted(second, 1), 'none').effect).toBe('unknown');
    expect(failAttempt(accepted(second, 2), 'none').effect).toBe('none');
    expect(failAttempt(accepted(second, 2), 'unknown').effect).toBe('unknown');
    expect(failAttempt(accepted(second, 2), undefined).effect).toBe('unknown');
    expect(failAttempt(endAttempt(beginAttempt(noAttempt, 0)), 'none').effect).toBe('none');
  });

  it('are not sure of what an earlier program did', () => {
    expect(attemptsOnRecord(0)).toBe(noAttempt);
    expect(beginAttempt(attemptsOnRecord(2), 0)).toMatchObject({ attempt: 3, before: 'unknown' });
  });

  it('refuse another prefix, and a server that has kept bytes but not the epoch', () => {
    const asking = beginAttempt({ ...lost(), epoch: 3 }, 9);
    expect(acceptAttempt(asking, { epoch: 4, offset: 9 }, true).refusal).toBeUndefined();
    expect(acceptAttempt(asking, { epoch: 4, offset: 9 }, false).refusal).toBe('SOURCE_CHANGED');
    expect(acceptAttempt(asking, { epoch: 3, offset: 9 }, true).refusal).toBe('SUPERSEDED');
    // It has been restarted: it knows neither.
    expect(acceptAttempt(asking, { epoch: 1, offset: 0 }, true).refusal).toBeUndefined();
  });
});
