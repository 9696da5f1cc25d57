import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isExecutable } from './file-mode.js';
import { FileSource } from './file-source.js';
import { modificationTime } from './file-times.js';
import { readWholeFile } from './whole-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'filex-whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('tells of a small file what is told of it the usual way', async () => {
  const path = join(folder, 'file');
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.nat(2 ** 31),
      fc.boolean(),
      async (bytes, time, run) => {
        writeFileSync(path, bytes);
        chmodSync(path, run ? 0o755 : 0o644);
        utimesSync(path, time, time);
        const source = await FileSource.open(path);
        const { mtime, executable } = source;
        const found = readWholeFile(path, 5000);
        await source.close();
        expect(found?.bytes).toEqual(Buffer.from(bytes));
        expect(found && [modificationTime(found.stats), isExecutable(found.stats)]).toEqual([
          mtime,
          executable,
        ]);
      },
    ),
    { numRuns: 30 },
  );
});

it('leaves to the usual way what is larger, and what is no file', () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'four');
  expect(readWholeFile(path, 4)?.bytes.length).toBe(4);
  expect(readWholeFile(path, 3)).toBeUndefined();
  symlinkSync('file', join(folder, 'link'));
  expect(readWholeFile(join(folder, 'link'), 4, { followSymlink: true })?.bytes.length).toBe(4);
  expect(readWholeFile(join(folder, 'link'), 4)).toBeUndefined();
  mkdirSync(join(folder, 'folder'));
  for (const name of ['folder', 'missing', 'file/below'])
    expect(readWholeFile(join(folder, name), 100), name).toBeUndefined();
});

it.skipIf(process.platform !== 'linux')(
  'neither waits for a pipe nor believes files that lie about their size',
  () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(readWholeFile(pipe, 100)).toBeUndefined();
    expect(readWholeFile('/proc/self/status', 100_000)).toBeUndefined();
  },
);
