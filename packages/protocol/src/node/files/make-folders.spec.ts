import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { makeFolders } from './make-folders.js';

const top = mkdtempSync(join(tmpdir(), 'filex-folders-'));
afterAll(() => rmSync(top, { recursive: true }));

it('makes what is missing, once', () => {
  const path = join(top, 'a/b/c');
  expect(makeFolders(path)).toBe(true);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(makeFolders(path)).toBe(false);
});

it('says what is in the way', () => {
  writeFileSync(join(top, 'file'), '');
  expect(() => makeFolders(join(top, 'file'))).toThrow(
    expect.objectContaining({
      code: 'ALREADY_EXISTS',
      message: expect.stringMatching(/file" is not a folder$/) as string,
    }),
  );
  expect(() => makeFolders(join(top, 'file/below'))).toThrow(
    expect.objectContaining({ code: 'NOT_A_DIRECTORY' }),
  );
});

it.runIf(process.platform === 'linux')('gives up where nothing can be made', () => {
  expect(() => makeFolders('/proc/filex/below')).toThrow(expect.objectContaining({ name: 'FilexError' }));
});
