import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { readPrivateFile, writePrivateFile } from './private-file.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

describe('a private file', () => {
  it('is written for its owner alone, and leaves nothing else behind', async () => {
    const at = folder();
    const path = join(at, 'secret');
    expect(await readPrivateFile(path, 'the file')).toBeUndefined();
    expect(await writePrivateFile(path, 'one', 'keep')).toBe(true);
    expect(await writePrivateFile(path, 'two', 'keep')).toBe(false);
    expect(await readPrivateFile(path, 'the file')).toBe('one');
    expect(await writePrivateFile(path, 'three', 'replace')).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('three');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(at)).toEqual(['secret']);
  });

  it('is kept by exactly one of many that write at once, whole', async () => {
    const path = join(folder(), 'secret');
    const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
    const won = await Promise.all(contents.map((content) => writePrivateFile(path, content, 'keep')));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await readPrivateFile(path, 'the file')).toBe(contents[won.indexOf(true)]);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o666])('is not read with mode %o', async (mode) => {
    const path = join(folder(), 'secret');
    writeFileSync(path, 'x');
    chmodSync(path, mode);
    await expect(readPrivateFile(path, 'the key file')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/^the key file .*is not private.*chmod 600/),
    });
  });

  it('is not read when it is too large, or no file', async () => {
    const at = folder();
    writeFileSync(join(at, 'large'), Buffer.alloc(bounds.stateFile + 1), { mode: 0o600 });
    await expect(readPrivateFile(join(at, 'large'), 'the file')).rejects.toMatchObject({ code: 'TOO_LARGE' });
    mkdirSync(join(at, 'folder'), { mode: 0o700 });
    await expect(readPrivateFile(join(at, 'folder'), 'the file')).rejects.toMatchObject({
      code: 'IS_A_DIRECTORY',
    });
  });

  it('says when it cannot be written, and leaves nothing behind', async () => {
    const at = folder();
    mkdirSync(join(at, 'taken'));
    await expect(writePrivateFile(join(at, 'taken'), 'x', 'replace')).rejects.toThrow('cannot write');
    expect(readdirSync(at)).toEqual(['taken']);
    await expect(writePrivateFile(join(at, 'missing/x'), 'x', 'keep')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
