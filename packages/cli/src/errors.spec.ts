import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Code, codes, FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { exitCode, exits, fromSystem, hintFor, isFatal, isLocal } from './errors.js';

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

describe('fromSystem', () => {
  const caught = (call: () => unknown): unknown => {
    try {
      call();
    } catch (error) {
      return error;
    }
    throw new Error('did not throw');
  };

  it('tells what the file system said in our words', () => {
    const folder = mkdtempSync(join(tmpdir(), 'filex-errors-'));
    const error = fromSystem(
      caught(() => readFileSync(join(folder, 'none'))),
      'none',
    );
    expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'it is not there', path: 'none' });
    expect(isLocal(error)).toBe(true);
    expect(hintFor(error)).not.toBe(hintFor(new FilexError('NOT_FOUND')));
    expect(
      fromSystem(
        caught(() => readFileSync(folder)),
        folder,
      ).code,
    ).toBe('IS_A_DIRECTORY');
    rmdirSync(folder);
  });

  it('keeps what already is a FilexError, and does not hide defects', () => {
    const error = new FilexError('BUSY');
    expect(fromSystem(error, 'x')).toBe(error);
    const defect = new TypeError('undefined is not a function');
    expect(caught(() => fromSystem(defect, 'x'))).toBe(defect);
  });
});
