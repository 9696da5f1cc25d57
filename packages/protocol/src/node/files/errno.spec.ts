import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { errnoOf, fileError } from './errno.js';

const errno = (code: string) => Object.assign(new Error(`${code}: secret/path`), { code, syscall: 'open' });

describe('fileError', () => {
  it.each([
    ['ENOENT', 'NOT_FOUND'],
    ['ENOTDIR', 'NOT_A_DIRECTORY'],
    ['EISDIR', 'IS_A_DIRECTORY'],
    ['ELOOP', 'NOT_A_FILE'],
    ['ENAMETOOLONG', 'PATH_INVALID'],
    ['EACCES', 'PERMISSION_DENIED'],
    ['EROFS', 'PERMISSION_DENIED'],
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EFBIG', 'TOO_LARGE'],
    ['EMFILE', 'BUSY'],
    ['EIO', 'IO_ERROR'],
    ['EWHATEVER', 'IO_ERROR'],
  ])('%s means %s', (name, code) => {
    const cause = errno(name);
    const error = fileError(cause, { action: 'write', path: 'docs/a.txt' });
    expect(error).toMatchObject({ code, path: 'docs/a.txt', effect: 'none', cause });
    expect(error.message).toMatch(new RegExp(`^cannot write "docs/a.txt": .+ \\(${name}\\)$`));
    expect(error.message).not.toContain('secret');
  });

  it('understands what Node really throws', () => {
    const caught = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    const gone = caught(() => readdirSync('/no/such/folder'));
    expect(errnoOf(gone)).toBe('ENOENT');
    expect(errnoOf(caught(() => readFileSync('a\0b')))).toBeUndefined(); // ERR_INVALID_ARG_VALUE is ours, not the system's
  });

  it('can mean another code in another place, and calls the root by its name', () => {
    const error = fileError(errno('ENOENT'), {
      action: 'list',
      path: '',
      codes: { ENOENT: 'PARENT_NOT_FOUND' },
    });
    expect(error).toMatchObject({
      code: 'PARENT_NOT_FOUND',
      message: expect.stringContaining('the root folder'),
    });
  });

  it('keeps a FilexError, and calls a defect a defect', () => {
    const busy = new FilexError('BUSY');
    expect(fileError(busy, { action: 'read', path: 'x' })).toBe(busy);
    expect(fileError(new TypeError('oops'), { action: 'read', path: 'x' })).toMatchObject({
      code: 'INTERNAL',
    });
  });

  it('says that some failures will not go away by themselves', () => {
    expect(fileError(errno('EIO'), { action: 'read', path: 'x' }).retry).toBe(true);
    expect(fileError(errno('EXDEV'), { action: 'store', path: 'x' }).retry).toBe(false);
  });
});
