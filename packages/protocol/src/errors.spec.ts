import { describe, expect, it } from 'vitest';
import { FilexError } from './errors.js';

describe('FilexError', () => {
  it('knows from its code what to say and whether to retry', () => {
    const error = new FilexError('NO_SPACE');
    expect(error).toMatchObject({ code: 'NO_SPACE', retry: true, effect: 'none', path: undefined });
    expect(error.message).toBe('no room is left');
    expect(error.cause).toBeUndefined();
  });

  it('takes what it is told instead', () => {
    const cause = new Error('ENOSPC');
    const error = new FilexError('NO_SPACE', 'full', { path: 'a', effect: 'unknown', retry: false, cause });
    expect(error).toMatchObject({ message: 'full', path: 'a', effect: 'unknown', retry: false, cause });
  });

  it('is made of anything thrown, once', () => {
    const error = new FilexError('NOT_FOUND');
    expect(FilexError.from(error, 'IO_ERROR')).toBe(error);
    const cause = new TypeError('x is not a function');
    expect(FilexError.from(cause)).toMatchObject({ code: 'INTERNAL', message: cause.message, cause });
    expect(FilexError.from('text', 'IO_ERROR')).toMatchObject({
      code: 'IO_ERROR',
      message: 'text',
      cause: 'text',
    });
    expect(FilexError.from(undefined).message).toBe('undefined');
  });
});
