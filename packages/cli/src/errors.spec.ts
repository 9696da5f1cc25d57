import { type Code, codes, FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { AdvisedError, exitCode, exits, hintFor, isFatal, isLocal } from './errors.js';

const every = Object.keys(codes) as Code[];

describe('the table of failures', () => {
  it.each(every)('%s has a documented exit code other than 0, and a hint', (code) => {
    expect(Object.values(exits)).toContain(exitCode(code));
    expect(exitCode(code)).not.toBe(exits.ok);
    expect(hintFor(new FilexError(code))).toMatch(/[.]$/);
  });

  it.each([
    ['PARENT_NOT_FOUND', 3],
    ['NOT_FOUND', 4],
    ['CONNECT_FAILED', 5],
    ['CONNECTION_LOST', 5],
    ['AUTH_FAILED', 7],
    ['PLAINTEXT_REFUSED', 7],
    ['IDENTITY_CHANGED', 13],
    ['IDENTITY_UNKNOWN', 13],
    ['RATE_LIMITED', 8],
    ['PERMISSION_DENIED', 7],
    ['NO_SPACE', 8],
    ['TOO_LARGE', 8],
    ['TIMEOUT', 10],
    ['ALREADY_EXISTS', 11],
    ['DIGEST_MISMATCH', 12],
    ['LENGTH_MISMATCH', 12],
    ['URL_INVALID', 2],
  ] as const)('%s exits with %d', (code, exit) => expect(exitCode(code)).toBe(exit));

  it('what ends the session is fatal, what one file suffers is not', () => {
    for (const code of ['CONNECTION_LOST', 'CONNECT_FAILED', 'AUTH_FAILED', 'SHUTTING_DOWN'] as const) {
      expect(isFatal(new FilexError(code))).toBe(true);
    }
    for (const code of [
      'ALREADY_EXISTS',
      'PERMISSION_DENIED',
      'NO_SPACE',
      'DIGEST_MISMATCH',
      'IO_ERROR',
    ] as const) {
      expect(isFatal(new FilexError(code))).toBe(false);
    }
  });
});

describe('hints', () => {
  it('are what is known best', () => {
    expect(hintFor(new AdvisedError('AUTH_FAILED', 'no', 'Do that.'))).toBe('Do that.');
    expect(hintFor(new FilexError('PLAINTEXT_REFUSED'))).toContain('Use filex:// instead');
  });

  it('differ when it was this machine that said no', () => {
    const cause = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' });
    const here = new FilexError('PERMISSION_DENIED', undefined, { cause });
    const there = new FilexError('PERMISSION_DENIED');
    const during = new FilexError('PERMISSION_DENIED', undefined, { cause: here });
    expect([isLocal(here), isLocal(during), isLocal(there)]).toEqual([true, true, false]);
    expect(hintFor(here)).toContain('this machine');
    expect(hintFor(there)).toContain('server');
  });
});
