import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openWithin, stagedIn, temporaryFolder } from '../../testing/temporary-folder.js';
import { commit, list, outcomeOf, stage, upload } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();

/** A file system of 1 MiB; undefined where this user may not mount one. */
function mountSmall(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const path = join(top, 'small');
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined; // in a container, root may not
  }
  return path;
}

const small = mountSmall();
afterAll(() => {
  if (small !== undefined) execFileSync('umount', [small]);
});

describe('a LocalStore in trouble', () => {
  // Skipped where no small file system can be mounted: nothing else makes a disk full on purpose.
  it.runIf(small !== undefined)(
    'keeps space free, whatever is known beforehand, however many come',
    async () => {
      const root = small as string;
      const keepFree = 300_000;
      const store = await LocalStore.open(root, { keepFree });
      const free = (): number => {
        const { bavail, bsize } = statfsSync(root);
        return bavail * bsize;
      };
      const refusal = {
        code: 'NO_SPACE',
        path: 'a',
        retry: true,
        message: expect.stringContaining('keepFree'),
      };
      try {
        // Known beforehand, the upload does not even begin.
        await expect(stage(store, 'a', Buffer.alloc(free() - keepFree, 1))).rejects.toMatchObject(refusal);
        const staged = await stage(store, 'a', Buffer.alloc(0), { tellSize: false });
        const write = async (): Promise<void> => {
          for (let at = 0; ; at += 10_000) {
            await staged.write(Buffer.alloc(10_000, 1), at);
            expect(free()).toBeGreaterThanOrEqual(keepFree);
          }
        };
        await expect(write()).rejects.toMatchObject(refusal);
        expect(free()).toBeLessThan(keepFree + 30_000);
        await staged.abort();
        await store.makeDirectory('many', { parents: false, mtime: undefined });
        const many = Array.from({ length: 40 }, (_, i) =>
          outcomeOf(upload(store, `many/${i}`, Buffer.alloc(40_000, i), { tellSize: i % 2 === 0 })),
        );
        const outcomes = await Promise.all(many);
        expect(outcomes).toContain('NO_SPACE');
        expect(free()).toBeGreaterThanOrEqual(keepFree);
        await store.remove('many', { recursive: true });
        expect((await upload(store, 'a', 'there is room again')).outcome).toBe('created');
        await store.remove('a', { recursive: false });
        expect(stagedIn(root)).toEqual([]);
      } finally {
        await store.close();
      }
      expect(openWithin(root)).toEqual([]);
    },
  );

  it.runIf(small !== undefined)(
    'says that the disk is full all the same, and leaves nothing of the upload',
    async () => {
      const root = small as string;
      // As when another program is faster.
      const store = await LocalStore.open(root, {
        fileSystemSpace: async () => ({ free: 1e12, total: 1e12, block: 4096 }),
      });
      try {
        const staged = await stage(store, 'a', Buffer.alloc(0), { tellSize: false });
        await expect(staged.write(Buffer.alloc(2 << 20, 1), 0)).rejects.toMatchObject({
          code: 'NO_SPACE',
          message: 'cannot write "a": no space is left on the device (ENOSPC)',
        });
        await staged.abort();
        expect(await list(store)).toEqual([]);
        expect(stagedIn(root)).toEqual([]);
        expect((await upload(store, 'a', 'there is room again')).outcome).toBe('created');
      } finally {
        await store.close();
      }
      expect(openWithin(root)).toEqual([]);
    },
  );

  it('promises space to uploads that run, and not to those that have ended in any way', async () => {
    const root = join(top, 'promises');
    mkdirSync(root);
    const store = await LocalStore.open(root, {
      keepFree: 0,
      fileSystemSpace: async () => ({ free: 50_000, total: 1e12, block: 4096 }),
    });
    await upload(store, 'there', 'x');
    for (let i = 0; i < 20; i += 1) {
      expect((await upload(store, `file-${i}`, 'x')).outcome).toBe('created');
      expect(await outcomeOf(upload(store, 'there', 'other'))).toBe('ALREADY_EXISTS');
      expect(await outcomeOf(upload(store, 'missing/file', 'x'))).toBe('PARENT_NOT_FOUND');
      const cut = await stage(store, 'cut', Buffer.alloc(30_000), { tellSize: false });
      await cut.truncate(0);
      await cut.abort();
      await store.makeDirectory(`folder-${i}`, { parents: false, mtime: undefined });
    }
    await store.close();
  });

  it.runIf(small !== undefined)(
    'does not publish across file systems, and says so before the transfer',
    async () => {
      const root = join(top, 'across');
      mkdirSync(join(root, 'mounted'), { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(root, 'mounted')]);
      const store = await LocalStore.open(root);
      try {
        await expect(stage(store, 'mounted/a', Buffer.from('x'))).rejects.toMatchObject({
          code: 'IO_ERROR',
          retry: false,
          message: expect.stringContaining('another file system'),
        });
        await upload(store, 'b', 'x');
        await expect(store.rename('b', 'mounted/b', { ifExists: 'fail' })).rejects.toMatchObject({
          retry: false,
        });
        expect((await list(store)).map((entry) => entry.path).sort()).toEqual(['b', 'mounted']);
      } finally {
        await store.close();
        execFileSync('umount', [join(root, 'mounted')]);
      }
    },
  );

  it.runIf(process.platform !== 'win32')(
    'says what may not be read or written, and goes on with the rest',
    async () => {
      const root = join(top, 'locked');
      mkdirSync(join(root, 'closed/inside'), { recursive: true });
      mkdirSync(join(root, 'open'));
      writeFileSync(join(root, 'open/file'), 'x');
      writeFileSync(join(root, 'secret'), 'x');
      chmodSync(top, 0o755);
      chmodSync(root, 0o777);
      chmodSync(join(root, 'closed'), 0);
      chmodSync(join(root, 'secret'), 0);
      const isRoot = process.getuid?.() === 0;
      if (isRoot) process.seteuid?.(65534); // root may everything
      try {
        const store = await LocalStore.open(root);
        expect(await outcomeOf(store.open('secret', { ifMatch: undefined }))).toBe('PERMISSION_DENIED');
        expect(await outcomeOf(upload(store, 'closed/new', 'x'))).toBe('PERMISSION_DENIED');
        expect(await outcomeOf(list(store, 'closed'))).toBe('PERMISSION_DENIED');
        expect(await outcomeOf(upload(store, 'secret', 'x'))).toBe('ALREADY_EXISTS'); // it cannot be compared
        const found: string[] = [];
        const listing = (async () => {
          for await (const entry of store.list('', { recursive: true })) found.push(entry.path);
        })();
        await expect(listing).rejects.toMatchObject({ code: 'PERMISSION_DENIED', path: 'closed' });
        expect(found.sort()).toEqual(['closed', 'open', 'open/file', 'secret']);
        await store.close();
      } finally {
        if (isRoot) process.seteuid?.(0);
        chmodSync(join(root, 'closed'), 0o755);
      }
      expect(openWithin(root)).toEqual([]);
    },
  );

  it('notices that the folder was removed while the bytes came', async () => {
    const root = join(top, 'removed');
    mkdirSync(join(root, 'folder'), { recursive: true });
    const store = await LocalStore.open(root);
    const staged = await stage(store, 'folder/a', Buffer.from('x'));
    await store.remove('folder', { recursive: true });
    expect(await outcomeOf(commit(staged, Buffer.from('x')))).toBe('PARENT_NOT_FOUND');
    expect(existsSync(join(root, 'folder'))).toBe(false);
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });

  it('works with two hundred uploads at once on a handful of open files', async () => {
    const root = join(top, 'many');
    mkdirSync(root);
    const store = await LocalStore.open(root, { openStagedFiles: 8 });
    const before = openWithin(root).length;
    const names = Array.from({ length: 200 }, (_, i) => `file-${i}`);
    const staged = await Promise.all(names.map((name) => stage(store, name, Buffer.from(name))));
    expect(openWithin(root).length - before).toBeLessThanOrEqual(8);
    await Promise.all(staged.map((s, i) => s.write(Buffer.from(`, again ${i}`), `file-${i}`.length)));
    await Promise.all(staged.map((s, i) => commit(s, Buffer.from(`file-${i}, again ${i}`))));
    expect(await list(store)).toHaveLength(200);
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });
});
