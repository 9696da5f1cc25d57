import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FileSource } from './file-source.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

const root = temporaryFolder();
let count = 0;
const file = (content: string | Uint8Array): string => {
  count += 1;
  const path = join(root, `file-${count}`);
  writeFileSync(path, content);
  return path;
};

afterEach(() => expect(openWithin(root)).toEqual([]));

describe('FileSource', () => {
  it('reads any piece of the file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(fc.tuple(fc.nat(3500), fc.nat(3500)), { maxLength: 5 }),
        async (content, pieces) => {
          const source = await FileSource.open(file(content));
          expect(source.size).toBe(content.length);
          await Promise.all(
            pieces.map(async ([offset, length]) => {
              const buffer = new Uint8Array(length);
              const got = await source.read(buffer, offset);
              expect(buffer.subarray(0, got)).toEqual(content.subarray(offset, offset + length));
            }),
          );
          await source.verify();
          await source.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  it('tells size, time and permission', async () => {
    const path = file('12345');
    utimesSync(path, '-7.5', '-7.5');
    chmodSync(path, 0o744);
    const source = await FileSource.open(pathToFileURL(path));
    expect(source).toMatchObject({ size: 5, mtime: -7_500_000, executable: true });
    await source.close();
    await source.close();
    await expect(source.read(new Uint8Array(1), 0)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it.each<[string, (path: string) => void]>([
    ['grows', (path) => appendFileSync(path, 'x')],
    ['shrinks', (path) => truncateSync(path, 1)],
    [
      'is rewritten with its time set back',
      (path) => {
        writeFileSync(path, 'CONTENT');
        utimesSync(path, 1000, 1000);
      },
    ],
  ])('notices when the file %s', async (_, change) => {
    const path = file('content');
    utimesSync(path, 1000, 1000);
    const source = await FileSource.open(path, { label: 'mine.txt' });
    change(path);
    await expect(source.verify()).rejects.toMatchObject({ code: 'SOURCE_CHANGED', path: 'mine.txt' });
    await source.close();
  });

  it('says so at once when the end is missing', async () => {
    const path = file('content');
    const source = await FileSource.open(path);
    truncateSync(path, 3);
    await expect(source.read(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    await source.close();
  });

  it.each<[string, (path: string) => void]>([
    ['replaced by a newer file', (path) => renameSync(file('other'), path)],
    ['given a second name', (path) => linkSync(path, `${path}-2`)],
  ])('reads the old version to its end when the name is %s', async (_, change) => {
    const path = file('content');
    const source = await FileSource.open(path);
    change(path);
    const buffer = new Uint8Array(7);
    expect(await source.read(buffer, 0)).toBe(7);
    await source.verify();
    expect(Buffer.from(buffer).toString()).toBe('content');
    await source.close();
  });

  it('refuses everything that is not a regular file, and never waits for a pipe', async () => {
    mkdirSync(join(root, 'folder'));
    symlinkSync(file('x'), join(root, 'symlink'));
    symlinkSync('nowhere', join(root, 'dangling'));
    const open = (name: string, followSymlink: boolean) =>
      FileSource.open(join(root, name), { label: name, followSymlink });
    await expect(open('folder', true)).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
    await expect(open('symlink', false)).rejects.toMatchObject({ code: 'NOT_A_FILE', path: 'symlink' });
    await expect(open('dangling', true)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(open('dangling', false)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    await (await open('symlink', true)).close();
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(open('pipe', true)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });

  it.runIf(process.platform === 'linux')('is not fooled by files that say 0 and have content', async () => {
    const source = await FileSource.open('/proc/self/status');
    await expect(source.verify()).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    await source.close();
  });
});
