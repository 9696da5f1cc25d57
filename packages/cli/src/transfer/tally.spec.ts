import { FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import type { Settled } from './outcome.js';
import { Tally } from './tally.js';

const done = (outcome: 'created' | 'identical' | 'replaced', size: number): Settled => ({
  status: 'done',
  outcome,
  from: 'a',
  to: 'b',
  size,
  digest: undefined,
  algorithm: 'sha256',
});
const failed: Settled = { status: 'failed', from: 'a', to: 'b', error: new FilexError('ALREADY_EXISTS') };

describe('Tally', () => {
  it('counts how things ended, and as bytes only what was moved', () => {
    const tally = new Tally();
    for (const one of [done('created', 5), done('replaced', 7), done('identical', 100)]) tally.add(one);
    tally.add({ status: 'skipped', reason: 'symlink', from: 'x', to: undefined, detail: '' });
    expect(tally).toMatchObject({ created: 1, replaced: 1, identical: 1, bytes: 12, good: 3, failed: 0 });
    expect(tally.skipped.symlink).toBe(1);
    expect(tally.exit(false)).toBe(0);
  });

  it('one file speaks for itself, of several some failed', () => {
    const tally = new Tally();
    tally.add(failed);
    expect(tally.exit(true)).toBe(11);
    expect(tally.exit(false)).toBe(6);
  });

  it('what was not tried is a failure too', () => {
    const tally = new Tally();
    tally.notTried = 1;
    expect(tally.exit(false)).toBe(6);
  });

  it('remembers a bounded number of failures and counts the rest', () => {
    const tally = new Tally();
    for (let i = 0; i < bounds.failuresKept + 5; i += 1) tally.add(failed);
    expect(tally.failures).toHaveLength(bounds.failuresKept);
    expect(tally.failed).toBe(bounds.failuresKept + 5);
  });
});
