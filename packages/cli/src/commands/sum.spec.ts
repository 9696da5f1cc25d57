import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { digestOf } from '../testing/receipts.js';
import { plant, temporaryFolder } from '../testing/temporary-folder.js';

const server = 'filex+tcp://h';
const sumOf = (content: string): string => `sha256:${digestOf(content).toString('hex')}`;

/** Files on a server. */
function holding(files: Record<string, string>): MemorySession {
  const session = new MemorySession();
  for (const [path, content] of Object.entries(files)) session.add(path, content);
  return session;
}

describe('sum', () => {
  it('prints the digests of files here and there, in the order in which they were named', async () => {
    const folder = temporaryFolder();
    plant(folder, { a: 'A' });
    const it = fakeProcess({ session: holding({ 'd/b': 'B' }) });
    expect(await it.run('sum', join(folder, 'a'), `${server}/d/b`)).toBe(0);
    expect(it.stdout()).toBe(`${sumOf('A')}  ${join(folder, 'a')}\n${sumOf('B')}  d/b\n`);
  });

  it('prints those of everything in a folder with -r, some at once', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`d/${String(i).padStart(2, '0')}`, `${i}`]),
    );
    const session = holding(files);
    session.before = () => new Promise((resolve) => setImmediate(resolve));
    const it = fakeProcess({ session });
    expect(await it.run('sum', '-r', `${server}/d`)).toBe(0);
    expect(it.stdout()).toBe(
      Object.entries(files)
        .map(([path, content]) => `${sumOf(content)}  ${path}\n`)
        .join(''),
    );
    expect(it.session.mostRunning).toBeLessThanOrEqual(bounds.digests);
    expect(it.session.mostRunning).toBeGreaterThan(1);
  });

  it('goes on beside a file that fails', async () => {
    const session = holding({ 'd/a': 'A', 'd/b': 'B' });
    session.before = (operation, path) => {
      if (operation === 'digest' && path === 'd/a')
        throw new FilexError('SOURCE_CHANGED', 'it changed', { path });
    };
    const it = fakeProcess({ session });
    expect(await it.run('sum', '-r', `${server}/d`)).toBe(6);
    expect(it.stdout()).toBe(`${sumOf('B')}  d/b\n`);
    expect(it.stderr()).toContain('d/a: it changed');
  });

  it('connects to nobody for files of this machine', async () => {
    const folder = temporaryFolder();
    plant(folder, { 'd/a': 'A' });
    const it = fakeProcess();
    expect(await it.run('sum', '-r', '--algorithm', 'sha256', join(folder, 'd'))).toBe(0);
    expect(it.stdout()).toBe(`${sumOf('A')}  ${join(folder, 'd', 'a')}\n`);
    expect(it.connected).toEqual([]);
  });

  it('tells programs', async () => {
    const it = fakeProcess({ session: holding({ a: 'A' }) });
    expect(await it.run('sum', '--json', `${server}/a`)).toBe(0);
    expect(it.events()).toEqual([
      { v: 1, event: 'sum', path: 'a', algorithm: 'sha256', digest: digestOf('A').toString('hex') },
      { v: 1, event: 'summary', exit: 0, files: 1, failed: 0 },
    ]);
  });

  it.each<[string[], number]>([
    [['sum', server], 2],
    [['sum', `${server}/none`], 4],
    [['sum', '/nonexistent/file'], 4],
    [['sum', '--algorithm', 'md5', `${server}/a`], 2],
    [['sum', '--compare', `${server}/a`], 2],
    [['sum', '--compare', 'a', 'b', `${server}/a`], 2],
    [['sum', '--compare', '--algorithm', 'sha256', 'a', `${server}/a`], 2],
  ])('%j exits with %d', async (argv, exit) => {
    expect(await fakeProcess({ session: holding({ a: 'A' }) }).run(...argv)).toBe(exit);
  });
});

describe('sum --compare', () => {
  /** Compares a tree here with one there. */
  async function compare(here: Record<string, string>, there: Record<string, string>, ...flags: string[]) {
    const folder = temporaryFolder();
    plant(folder, {
      't/': '',
      ...Object.fromEntries(Object.entries(here).map(([name, text]) => [`t/${name}`, text])),
    });
    const session = holding({
      't/': '',
      ...Object.fromEntries(Object.entries(there).map(([name, text]) => [`t/${name}`, text])),
    });
    const it = fakeProcess({ session });
    const exit = await it.run('sum', '-r', '--compare', ...flags, join(folder, 't'), `${server}/t`);
    return { exit, it, folder };
  }

  it('finds exactly what is different, whatever the trees are', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd/e', 'd/f', 'g/h/i');
    const tree = fc.dictionary(name, fc.constantFrom('1', '2', ''), { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(tree, tree, async (here, there) => {
        const { exit, it } = await compare(here, there);
        const expected = [...new Set([...Object.keys(here), ...Object.keys(there)])].flatMap((path) => {
          if (!(path in there)) return [`missing on the server  ${path}`];
          if (!(path in here)) return [`only on the server  ${path}`];
          return here[path] === there[path] ? [] : [`differs  ${path}`];
        });
        const lines = it
          .stdout()
          .split('\n')
          .filter((line) => line !== '');
        expect(lines.filter((line) => !line.endsWith('/')).sort()).toEqual(expected.sort());
        expect(exit).toBe(lines.length === 0 ? 0 : 12);
      }),
      { numRuns: 60 },
    );
  });

  it('sees folders, also empty ones, and files in their place', async () => {
    const { exit, it } = await compare(
      { 'empty/': '', 'x/y': '1', z: '1' },
      { 'other/': '', x: '1', 'z/y': '1' },
    );
    expect(exit).toBe(12);
    expect(it.stdout().split('\n').sort().slice(1)).toEqual([
      'differs  x/',
      'differs  z',
      'missing on the server  empty/',
      'missing on the server  x/y',
      'only on the server  other/',
      'only on the server  z/y',
    ]);
  });

  it('compares one file with one', async () => {
    const folder = temporaryFolder();
    plant(folder, { a: 'A' });
    const it = fakeProcess({ session: holding({ same: 'A', other: 'B' }) });
    const compared = (path: string) => it.run('sum', '--compare', `${server}/${path}`, join(folder, 'a'));
    expect(await compared('same')).toBe(0);
    expect(await compared('other')).toBe(12);
    expect(await compared('none')).toBe(12);
  });

  it('says that the folder is missing, and not all that is in it', async () => {
    const folder = temporaryFolder();
    plant(folder, { 't/a': 'A' });
    const it = fakeProcess();
    expect(await it.run('sum', '-r', '--compare', join(folder, 't'), `${server}/none`)).toBe(12);
    expect(it.stdout()).toBe(`missing on the server  ${join(folder, 't')}\n`);
  });

  it('passes over symlinks, and says how many', async () => {
    const folder = temporaryFolder();
    plant(folder, { 't/a': 'A' });
    symlinkSync('a', join(folder, 't/link'));
    const it = fakeProcess({ session: holding({ 't/a': 'A' }) });
    expect(await it.run('sum', '-r', '--compare', join(folder, 't'), `${server}/t`)).toBe(0);
    expect(it.stderr()).toContain('1 file or folder the same, 1 skipped');
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'tells what cannot be read',
    async () => {
      const folder = temporaryFolder();
      plant(folder, { 't/a': 'A' });
      chmodSync(join(folder, 't/a'), 0);
      const it = fakeProcess({ session: holding({ 't/a': 'A' }) });
      expect(await it.run('sum', '-r', '--compare', join(folder, 't'), `${server}/t`)).toBe(6);
    },
  );

  it('tells what fails on the server, and that no more is known', async () => {
    const folder = temporaryFolder();
    plant(folder, { 't/a': 'A' });
    const session = holding({ 't/a': 'A' });
    session.before = (operation) => {
      if (operation === 'digest') throw new FilexError('IO_ERROR');
    };
    const it = fakeProcess({ session });
    expect(await it.run('sum', '-r', '--compare', join(folder, 't'), `${server}/t`)).toBe(6);
    session.before = (operation) => {
      if (operation === 'digest') throw new FilexError('CONNECTION_LOST');
    };
    expect(await it.run('sum', '-r', '--compare', join(folder, 't'), `${server}/t`)).toBe(5);
  });

  it('tells programs', async () => {
    const { exit, it } = await compare({ a: '1', b: '1' }, { a: '1', b: '2', c: '3' }, '--json');
    expect(exit).toBe(12);
    expect(it.events()).toEqual([
      { v: 1, event: 'difference', kind: 'differs', path: 'b' },
      { v: 1, event: 'difference', kind: 'extra', path: 'c' },
      { v: 1, event: 'summary', exit: 12, same: 1, differs: 1, missing: 0, extra: 1, skipped: 0, failed: 0 },
    ]);
  });
});
