import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWithin, temporaryFolder } from '../../testing/temporary-folder.js';
import { stage } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';
import { formatOwner } from './process-owner.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};
const leave = (root: string, owner: string): string => {
  const path = join(root, '.filex/staging', owner);
  mkdirSync(join(path, 'deeper'), { recursive: true });
  writeFileSync(join(path, 'staged'), 'x');
  return path;
};
const gone = (): number => spawnSync(process.execPath, ['-e', '']).pid;
const longAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000);

describe('the staging area', () => {
  it('is for nobody else to look at', async () => {
    const root = folder();
    const store = await LocalStore.open(root);
    expect(statSync(join(root, '.filex')).mode & 0o777).toBe(0o700);
    await store.close();
    expect(readdirSync(join(root, '.filex/staging'))).toEqual([]);
  });

  it('is cleaned at the start of what processes that are gone have left, and of nothing else', async () => {
    const root = folder();
    const dead = leave(root, formatOwner({ host: hostname(), pid: gone(), start: 1, store: '0' }));
    const alive = leave(
      root,
      formatOwner({ host: hostname(), pid: process.ppid, start: NaN, store: '0' }).replace('NaN', '0'),
    );
    const elsewhere = leave(root, formatOwner({ host: 'elsewhere', pid: 1, start: 1, store: '0' }));
    const forgotten = leave(root, formatOwner({ host: 'elsewhere', pid: 2, start: 1, store: '0' }));
    for (const path of [join(forgotten, 'staged'), join(forgotten, 'deeper'), forgotten])
      utimesSync(path, longAgo, longAgo);
    const stranger = leave(root, 'something');
    symlinkSync(
      stranger,
      join(root, '.filex/staging', formatOwner({ host: hostname(), pid: gone(), start: 2, store: '0' })),
    );
    const warnings: string[] = [];
    const store = await LocalStore.open(root, { onWarning: (message) => warnings.push(message) });
    expect(existsSync(dead)).toBe(false);
    expect(existsSync(forgotten)).toBe(false);
    expect(existsSync(join(elsewhere, 'staged'))).toBe(true);
    expect(existsSync(join(stranger, 'staged'))).toBe(true);
    if (process.platform !== 'linux') expect(existsSync(join(alive, 'staged'))).toBe(true);
    expect(warnings.filter((message) => message.startsWith('took over'))).toHaveLength(
      process.platform === 'linux' ? 3 : 2,
    );
    await store.close();
    expect(openWithin(root)).toEqual([]);
  });

  it('of another store in the same process is left alone', async () => {
    const root = folder();
    const first = await LocalStore.open(root);
    const upload = await stage(first, 'a', Buffer.from('x'));
    const second = await LocalStore.open(root);
    await second.close();
    await upload.write(Buffer.from('y'), 1);
    await upload.abort();
    await first.close();
  });

  it('is not made, nor needed, for a store that is only read', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'x');
    const store = await LocalStore.open(root, { readOnly: true });
    expect(existsSync(join(root, '.filex'))).toBe(false);
    expect((await store.stat('a')).size).toBe(1);
    await expect(stage(store, 'b', Buffer.from('x'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(store.remove('a', { recursive: false })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await store.close();
  });

  it('must be a real folder', async () => {
    const root = folder();
    symlinkSync(folder(), join(root, '.filex'));
    await expect(LocalStore.open(root)).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
    expect(openWithin(root)).toEqual([]);
  });

  it('cannot be made in what is no folder', async () => {
    await expect(LocalStore.open(join(top, 'missing'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    writeFileSync(join(top, 'file'), '');
    await expect(LocalStore.open(join(top, 'file'))).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
  });
});
