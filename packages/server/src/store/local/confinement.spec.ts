import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import type { Store } from '../store.js';
import { download, list, outcomeOf, upload } from '../testing/transfer.js';
import { DescriptorConfinement } from './descriptor-confinement.js';
import { LocalStore } from './local-store.js';

const top = temporaryFolder();
const kinds = DescriptorConfinement.isAvailable()
  ? (['descriptors', 'paths'] as const)
  : (['paths'] as const);
const posix = process.platform !== 'win32';
let count = 0;

describe.each(kinds)('a LocalStore confined by %s', (confinement) => {
  let root: string;
  let outside: string;
  let store: Store;
  let warnings: [string, Readonly<Record<string, unknown>>][];

  beforeEach(async () => {
    count += 1;
    root = join(top, `${count}-inside`);
    outside = join(top, `${count}-outside`);
    mkdirSync(root);
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'secret');
    warnings = [];
    store = await LocalStore.open(root, { confinement, onWarning: (...warning) => warnings.push(warning) });
  });

  afterEach(async () => {
    await store.close();
    expect(openWithin(root)).toEqual([]);
    expect(openWithin(outside)).toEqual([]);
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  });

  it('shows symlinks as such, and follows none', async () => {
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync(join(outside, 'secret'), join(root, 'file'));
    symlinkSync('nowhere', join(root, 'dangling'));
    for (const name of ['folder', 'file', 'dangling']) {
      expect(await store.stat(name)).toMatchObject({ kind: 'symlink', size: 0, etag: undefined });
      expect(await outcomeOf(download(store, name))).toBe('NOT_A_FILE');
      expect(await outcomeOf(store.stat(`${name}/secret`))).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(download(store, `${name}/secret`))).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(list(store, name))).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(upload(store, `${name}/new`, 'x'))).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(upload(store, name, 'x'))).toBe('ALREADY_EXISTS');
      expect(await outcomeOf(upload(store, name, 'x', { ifExists: 'overwrite' }))).toBe('NOT_A_FILE');
      const make = (path: string) => outcomeOf(store.makeDirectory(path, { parents: true, mtime: 1 }));
      expect(await make(name)).toBe('ALREADY_EXISTS');
      expect(await make(`${name}/new`)).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(store.rename(name, 'other', { ifExists: 'fail' }))).toBe('NOT_A_FILE');
      expect(await outcomeOf(store.remove(`${name}/secret`, { recursive: true }))).toBe('NOT_A_DIRECTORY');
    }
    expect((await list(store)).map(({ path, kind }) => `${path} ${kind}`).sort()).toEqual([
      'dangling symlink',
      'file symlink',
      'folder symlink',
    ]);
  });

  it('removes a symlink itself, and never what is behind it', async () => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    symlinkSync(outside, join(root, 'a/b/folder'));
    symlinkSync(outside, join(root, 'alone'));
    expect(await store.remove('alone', { recursive: true })).toBe('removed');
    expect(await store.remove('a', { recursive: true })).toBe('removed');
    expect(await list(store)).toEqual([]);
  });

  it('hides its own folder, whatever is asked', async () => {
    expect(existsSync(join(root, '.filex/staging'))).toBe(true);
    expect(await list(store)).toEqual([]);
    for (const path of ['.filex', '.filex/staging', '.filex/staging/x']) {
      expect(await outcomeOf(store.stat(path))).toBe('NOT_FOUND');
      expect(await outcomeOf(list(store, path))).toBe('NOT_FOUND');
      expect(await outcomeOf(download(store, path))).toBe('NOT_FOUND');
      expect(await outcomeOf(store.remove(path, { recursive: true }))).toBe('NOT_FOUND');
      expect(await outcomeOf(store.rename(path, 'stolen', { ifExists: 'fail' }))).toBe('NOT_FOUND');
      expect(await outcomeOf(upload(store, path, 'x'))).toBe('PATH_INVALID');
      expect(await outcomeOf(store.makeDirectory(path, { parents: true, mtime: undefined }))).toBe(
        'PATH_INVALID',
      );
      await upload(store, 'a', 'x', { ifExists: 'overwrite' });
      expect(await outcomeOf(store.rename('a', path, { ifExists: 'overwrite' }))).toBe('PATH_INVALID');
    }
    await store.makeDirectory('deeper/.filex', { parents: true, mtime: undefined }); // only the top is taken
    expect((await list(store)).map((entry) => entry.path)).toContain('deeper/.filex');
  });

  it.runIf(posix)('shows pipes and sockets, and never opens them', async () => {
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect(await store.stat('pipe')).toMatchObject({ kind: 'other' });
    expect(await outcomeOf(download(store, 'pipe'))).toBe('NOT_A_FILE');
    expect(await outcomeOf(upload(store, 'pipe', 'x', { ifExists: 'overwrite' }))).toBe('NOT_A_FILE');
    expect(await store.remove('pipe', { recursive: false })).toBe('removed');
  });

  it.runIf(posix)('never opens sockets, devices and pipes, whatever is asked of them', async () => {
    const server = createServer().listen(join(root, 'socket'));
    await once(server, 'listening');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const names = ['socket', 'pipe'];
    // A terminal of nobody: opening it would fail or do something. Only root can make one.
    if (process.getuid?.() === 0 && process.platform === 'linux') {
      execFileSync('mknod', [join(root, 'device'), 'c', '5', '0']);
      names.push('device');
    }
    for (const name of names) {
      expect(await store.stat(name)).toMatchObject({ kind: 'other', size: 0, etag: undefined });
      expect(await outcomeOf(download(store, name))).toBe('NOT_A_FILE');
      expect(await outcomeOf(list(store, name))).toBe('NOT_A_DIRECTORY');
      expect(await outcomeOf(upload(store, name, 'x'))).toBe('ALREADY_EXISTS');
      expect(await outcomeOf(upload(store, name, 'x', { ifExists: 'overwrite' }))).toBe('NOT_A_FILE');
      expect(await outcomeOf(store.rename(name, 'other', { ifExists: 'fail' }))).toBe('NOT_A_FILE');
      expect(await store.remove(name, { recursive: false })).toBe('removed');
    }
    server.close();
  });

  it.runIf(posix)('replaces a second name of a file outside, and never writes through it', async () => {
    const before = statSync(join(outside, 'secret'));
    const link = async (): Promise<void> => {
      await outcomeOf(store.remove('second', { recursive: false }));
      linkSync(join(outside, 'secret'), join(root, 'second'));
    };
    await link();
    expect((await upload(store, 'second', 'mine', { ifExists: 'overwrite', mtime: 1 })).outcome).toBe(
      'replaced',
    );
    await link();
    await upload(store, 'mine', 'mine');
    expect(await store.rename('mine', 'second', { ifExists: 'overwrite' })).toBe('replaced');
    await link();
    expect((await upload(store, 'second', 'secret', { mtime: 1 })).outcome).toBe('identical'); // whoever linked it gave it
    expect(await store.remove('second', { recursive: true })).toBe('removed');
    const after = statSync(join(outside, 'secret'));
    expect([after.mtimeMs, after.mode, after.nlink]).toEqual([before.mtimeMs, before.mode, 1]);
  });

  // The rest is not promised for paths: macOS and Windows have no such names, and end paths where they please.
  if (confinement === 'paths') return;

  it('leaves names that are no UTF-8 out of listings, says so, and can remove the folder', async () => {
    mkdirSync(join(root, 'folder'));
    const at = (...bytes: number[]) => Buffer.concat([Buffer.from(`${root}/folder/`), Buffer.from(bytes)]);
    writeFileSync(at(0xff, 0x61), 'x');
    mkdirSync(at(0xc3));
    writeFileSync(Buffer.concat([at(0xc3), Buffer.from('/inside')]), 'x');
    writeFileSync(join(root, 'folder/fine'), 'x');
    expect((await list(store)).map((entry) => entry.path).sort()).toEqual(['folder', 'folder/fine']);
    expect(warnings).toEqual([[expect.stringContaining('UTF-8'), { path: 'folder', count: 2 }]]);
    expect(await store.remove('folder', { recursive: true })).toBe('removed');
    expect(await list(store)).toEqual([]);
  });

  it('lists and removes trees deeper than any path that the system takes', async () => {
    const name = 'x'.repeat(200);
    const long = Array(15).fill(name).join('/');
    await store.makeDirectory(long, { parents: true, mtime: undefined });
    await store.makeDirectory(`top/${long}`, { parents: true, mtime: undefined });
    await store.rename(name, `top/${long}/deep`, { ifExists: 'fail' });
    const paths = (await list(store)).map((entry) => entry.path);
    expect(paths).toHaveLength(1 + 15 + 1 + 5); // what a path of 4096 bytes reaches
    expect(warnings).toEqual([[expect.stringContaining('too long'), expect.anything()]]);
    expect(await store.remove('top', { recursive: true })).toBe('removed');
    expect(await list(store)).toEqual([]);
  });
});
