import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { moveToFreeName } from './move-to-free-name.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const root = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(root, String(count));
  mkdirSync(path);
  return path;
};
const noLinks = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'link' }));

describe.each([
  ['by link', undefined],
  ['without links', noLinks],
])('moveToFreeName %s', (_, tryLink) => {
  it('moves', async () => {
    const at = folder();
    writeFileSync(join(at, 'from'), 'content');
    expect(await moveToFreeName(join(at, 'from'), join(at, 'to'), tryLink)).toBe('moved');
    expect(readdirSync(at)).toEqual(['to']);
    expect(readFileSync(join(at, 'to'), 'utf8')).toBe('content');
  });

  it.each(['file', 'folder'])('leaves a %s that has the name alone', async (kind) => {
    const at = folder();
    writeFileSync(join(at, 'from'), 'new');
    if (kind === 'file') writeFileSync(join(at, 'to'), 'old');
    else mkdirSync(join(at, 'to'));
    expect(await moveToFreeName(join(at, 'from'), join(at, 'to'), tryLink)).toBe('taken');
    expect(readFileSync(join(at, 'from'), 'utf8')).toBe('new');
    if (kind === 'file') expect(readFileSync(join(at, 'to'), 'utf8')).toBe('old');
  });

  it('lets one of two hundred win', async () => {
    const at = folder();
    const racers = Array.from({ length: 200 }, (_, i) => String(i));
    for (const racer of racers) writeFileSync(join(at, racer), racer);
    const results = await Promise.all(
      racers.map((racer) => moveToFreeName(join(at, racer), join(at, 'to'), tryLink)),
    );
    const winners = racers.filter((_, i) => results[i] === 'moved');
    expect(winners).toHaveLength(1);
    expect(readFileSync(join(at, 'to'), 'utf8')).toBe(winners[0]);
    expect(readdirSync(at)).toHaveLength(200);
  });

  it('leaves nothing under the name when it fails', async () => {
    const at = folder();
    await expect(moveToFreeName(join(at, 'nothing'), join(at, 'to'), tryLink)).rejects.toThrow('ENOENT');
    expect(existsSync(join(at, 'to'))).toBe(false);
  });
});
