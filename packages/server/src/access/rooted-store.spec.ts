import { symlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conflictPolicies, FilexError, pathFault } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalStore } from '../store/local/local-store.js';
import { storeContract } from '../store/store.contract.js';
import { list, outcomeOf, upload } from '../store/testing/transfer.js';
import { stagedIn, temporaryFolder } from '../testing/temporary-folder.js';
import { RootedStore } from './rooted-store.js';

const folder = temporaryFolder();
let count = 0;

async function open(root: string): Promise<{ whole: LocalStore; rooted: RootedStore; at: string }> {
  count += 1;
  const at = join(folder, `store-${count}`);
  await mkdir(at);
  const whole = await LocalStore.open(at);
  await whole.makeDirectory(root, { parents: true, mtime: undefined });
  return { whole, rooted: new RootedStore(whole, root), at };
}

storeContract('a folder of a store', async () => {
  const { whole, rooted, at } = await open('people/ann');
  return {
    store: rooted,
    staged: async () => stagedIn(at),
    dispose: () => whole.close(),
  };
});

describe('RootedStore', () => {
  it('tells nobody where it is, whatever goes wrong', async () => {
    const root = 'Geheim/R00T "1"';
    const { whole, rooted, at } = await open(root);
    const inside = join(at, root);
    await writeFile(join(inside, 'file'), 'x');
    await mkdir(join(inside, 'folder', 'deep'), { recursive: true });
    symlinkSync('/etc', join(inside, 'link'));
    const path = fc.constantFrom(
      '',
      'file',
      'folder',
      'link',
      'none',
      'link/x',
      'file/x',
      'none/x',
      'folder/deep',
      '.filex',
    );
    const step = fc.tuple(
      fc.constantFrom('stat', 'list', 'open', 'upload', 'makeDirectory', 'rename', 'remove'),
      path,
      path,
      fc.constantFrom(...conflictPolicies),
    );
    const perform = async ([what, a, b, ifExists]: readonly [
      string,
      string,
      string,
      (typeof conflictPolicies)[number],
    ]) => {
      switch (what) {
        case 'stat':
          return rooted.stat(a);
        case 'list':
          return list(rooted, a);
        case 'open': {
          const file = await rooted.open(a, { ifMatch: undefined });
          await file.close();
          return file.entry;
        }
        case 'upload':
          return upload(rooted, a, 'content', { ifExists });
        case 'makeDirectory':
          return rooted.makeDirectory(a, { parents: false, mtime: undefined });
        case 'rename':
          return rooted.rename(a, b, { ifExists });
        default:
          return rooted.remove(a, { recursive: false });
      }
    };
    const failures = new Set<string>();
    await fc.assert(
      fc.asyncProperty(step, async (asked) => {
        const told = await perform(asked).then(
          (result) => JSON.stringify(result),
          (error: FilexError) => {
            failures.add(`${asked[0]} ${error.code}`);
            return `${error.message} ${error.path}`;
          },
        );
        expect(told).not.toMatch(/Geheim|R00T/);
      }),
      { numRuns: 400 },
    );
    expect(failures.size).toBeGreaterThan(12);
    // The root itself is still where it was.
    expect((await whole.stat(root)).kind).toBe('directory');
    await whole.close();
  });

  it('says less where the words of a store would still tell', async () => {
    const { whole, rooted } = await open('people/ann');
    whole.stat = () => {
      throw new FilexError('IO_ERROR', '/srv/people/ann/a: the device failed', {
        path: 'people/ann/a',
        retry: true,
      });
    };
    await expect(rooted.stat('a')).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: '"a": reading or writing failed',
      path: 'a',
      retry: true,
    });
    await whole.close();
  });

  it('names the paths of its user in messages', async () => {
    const { whole, rooted } = await open('people/ann');
    await expect(rooted.stat('x/y')).rejects.toMatchObject({
      path: 'x/y',
      message: expect.stringContaining('"x/y"'),
    });
    await upload(rooted, 'a', '1');
    await upload(rooted, 'b', '2');
    await expect(rooted.rename('a', 'b', { ifExists: 'fail' })).rejects.toThrow(
      'cannot rename "a" to "b": something has that name',
    );
    await whole.close();
  });

  it('lets nothing lead out of it', async () => {
    const { whole, rooted } = await open('people/ann');
    await upload(whole, 'people/outside', 'x');
    for (const path of ['../outside', '..', 'a/../../outside', '/people/outside', './x', 'a//b', 'a\0b']) {
      expect(await outcomeOf(rooted.stat(path)), path).toBe('PATH_INVALID');
      expect(await outcomeOf(list(rooted, path)), path).toBe('PATH_INVALID');
      expect(await outcomeOf(upload(rooted, path, 'x')), path).toBe('PATH_INVALID');
      expect(await outcomeOf(rooted.rename('x', path, { ifExists: 'fail' })), path).toBe('PATH_INVALID');
      expect(await outcomeOf(rooted.remove(path, { recursive: true })), path).toBe('PATH_INVALID');
    }
    for (const call of [
      (): Promise<unknown> => rooted.remove('', { recursive: true }),
      () => rooted.rename('', 'x', { ifExists: 'fail' }),
      () => rooted.rename('x', '', { ifExists: 'overwrite' }),
      () => upload(rooted, '', 'x'),
    ])
      expect(await outcomeOf(call())).toBe('PERMISSION_DENIED');
    expect((await list(whole)).map((entry) => entry.path).sort()).toEqual([
      'people',
      'people/ann',
      'people/outside',
    ]);
    await whole.close();
  });

  it('refuses what is too long for the store with the path that was asked for', async () => {
    const { whole, rooted } = await open(`people/${'n'.repeat(30)}`);
    const path = Array.from({ length: 20 }, () => 'x'.repeat(203)).join('/');
    expect(pathFault(path)).toBeUndefined();
    await expect(rooted.stat(path)).rejects.toMatchObject({ code: 'PATH_INVALID', path });
    await whole.close();
  });
});
