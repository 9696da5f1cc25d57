import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Entry, FilexError } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { harvest, plant, temporaryFolder } from '../testing/temporary-folder.js';

const server = 'filex+tcp://h';
const windows = process.platform === 'win32';

const file = (path: string, more: Partial<Entry> = {}): Entry => ({
  path,
  kind: 'file',
  size: 1,
  mtime: 0,
  executable: false,
  ...more,
});

describe('get: where things land', () => {
  it('a tree lands under its name, whole', async () => {
    const name = fc.stringMatching(/^[a-z .$'-]{1,10}$/).filter((text) => !/^\.{1,2}$/.test(text));
    const path = fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map((parts) => parts.map((part, i) => `${i}${part}`).join('/'));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(path, fc.string({ unit: 'grapheme' }), { maxKeys: 8, noNullPrototype: true }),
        async (files) => {
          const paths = Object.keys(files);
          fc.pre(!paths.some((a) => paths.some((b) => b.startsWith(`${a}/`))));
          const top = temporaryFolder();
          const session = new MemorySession().add('tree/');
          for (const one of paths) session.add(`tree/${one}`, files[one]);
          const it = fakeProcess({ session });
          expect(await it.run('get', '-r', `${server}/tree`, top)).toBe(0);
          expect(harvest(join(top, 'tree'))).toEqual(files);
        },
      ),
      { numRuns: 25 },
    );
  });

  const cases: [string, string[], Record<string, string>, number, Record<string, string>][] = [
    ['a file into a folder', [`${server}/a.txt`, ''], {}, 0, { 'a.txt': 'A' }],
    ['a file under a free name', [`${server}/a.txt`, 'n'], {}, 0, { n: 'A' }],
    ['a file into a missing folder', [`${server}/a.txt`, 'n/'], {}, 3, {}],
    ['a file under a missing folder', [`${server}/a.txt`, 'n/m'], {}, 3, {}],
    ['files into a missing folder', [`${server}/a.txt`, `${server}/b.txt`, 'n'], {}, 3, {}],
    ['files onto a file', [`${server}/a.txt`, `${server}/b.txt`, 'f'], { f: 'F' }, 3, { f: 'F' }],
    ['a file that is not there', [`${server}/none`, ''], {}, 4, {}],
    ['one of two that is not there', [`${server}/none`, `${server}/a.txt`, ''], {}, 6, { 'a.txt': 'A' }],
    ['a folder without -r', [`${server}/dir`, ''], {}, 2, {}],
    ['a folder', ['-r', `${server}/dir`, ''], {}, 0, { 'dir/x': 'X', 'dir/e/': '' }],
    [
      'a folder into a missing one',
      ['-r', `${server}/dir`, 'n/m'],
      {},
      0,
      { 'n/m/dir/x': 'X', 'n/m/dir/e/': '' },
    ],
    ['what is in a folder', ['-r', `${server}/dir/.`, 'n'], {}, 0, { 'n/x': 'X', 'n/e/': '' }],
    [
      'the root',
      ['-r', server, 'n'],
      {},
      0,
      { 'n/a.txt': 'A', 'n/b.txt': 'B', 'n/dir/x': 'X', 'n/dir/e/': '' },
    ],
    ['the root without -r', [server, 'n'], {}, 2, {}],
    ['two of one name', ['-r', `${server}/dir/x`, `${server}/x`, ''], {}, 2, {}],
    ['a file that is asked for as a folder', [`${server}/a.txt/`, ''], {}, 3, {}],
    ['other content there', [`${server}/a.txt`, ''], { 'a.txt': 'other' }, 11, { 'a.txt': 'other' }],
    ['the same content there', [`${server}/a.txt`, ''], { 'a.txt': 'A' }, 0, { 'a.txt': 'A' }],
    ['skip', ['--if-exists', 'skip', `${server}/a.txt`, ''], { 'a.txt': 'other' }, 0, { 'a.txt': 'other' }],
    [
      'overwrite',
      ['--if-exists', 'overwrite', `${server}/a.txt`, ''],
      { 'a.txt': 'other' },
      0,
      { 'a.txt': 'A' },
    ],
    [
      'rename',
      ['--if-exists', 'rename', `${server}/a.txt`, ''],
      { 'a.txt': 'o' },
      0,
      { 'a.txt': 'o', 'a (1).txt': 'A' },
    ],
  ];
  it.each(cases)('%s', async (_name, args, there, exit, expected) => {
    const top = temporaryFolder();
    plant(top, there);
    const session = new MemorySession()
      .add('a.txt', 'A')
      .add('b.txt', 'B')
      .add('dir/x', 'X')
      .add('dir/e/')
      .add('x', 'X');
    if (args.includes(server)) session.nodes.delete('x');
    const it = fakeProcess({ session });
    const words = args.map((arg, i) => (i === args.length - 1 ? `${top}/${arg}` : arg));
    expect(await it.run('get', ...words)).toBe(exit);
    expect(harvest(top)).toEqual(expected);
  });

  it('restores the times of folders', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('dir/sub/x', 'X');
    Object.assign(session.nodes.get('dir') ?? {}, { mtime: 1_000_000_000_123_456 });
    Object.assign(session.nodes.get('dir/sub') ?? {}, { mtime: -5_000_000 });
    expect(await fakeProcess({ session }).run('get', '-r', `${server}/dir`, top)).toBe(0);
    const time = (path: string): bigint => statSync(join(top, path), { bigint: true }).mtimeNs / 1000n;
    expect(time('dir')).toBe(1_000_000_000_123_456n);
    expect(time('dir/sub')).toBe(-5_000_000n);
  });

  it('to standard output', async () => {
    const it = fakeProcess({ session: new MemorySession().add('a', 'one').add('b', 'two') });
    expect(await it.run('get', `${server}/a`, `${server}/b`, '-')).toBe(0);
    expect(it.stdout()).toBe('onetwo');
    expect(it.stderr()).toBe('');
  });
});

describe('get: the server is not trusted', () => {
  it('nothing it lists is written outside of the destination, whatever it lists', async () => {
    const nasty = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        '/',
        'a',
        'link',
        'link/x',
        '../evil',
        '/etc/evil',
        'a/../../evil',
        'a//b',
        'a/',
        '\0',
        'a/b',
      ),
      fc.string(),
      fc
        .array(fc.constantFrom('..', '.', 'a', 'link', ''), { minLength: 1, maxLength: 4 })
        .map((parts) => parts.join('/')),
    );
    const entry = fc.record({ path: nasty, kind: fc.constantFrom('file' as const, 'directory' as const) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (entries) => {
        const outside = temporaryFolder();
        const destination = join(outside, 'in');
        const elsewhere = join(outside, 'elsewhere');
        mkdirSync(destination);
        mkdirSync(elsewhere);
        if (!windows) symlinkSync(elsewhere, join(destination, 'link'));
        const session = new MemorySession().add('t/');
        session.lies = entries.map(({ path, kind }) => file(path, { kind }));
        session.hasEverything = true;
        await fakeProcess({ session }).run('get', '-r', `${server}/t/.`, destination);
        expect(Object.keys(harvest(outside)).filter((path) => !path.startsWith('in/'))).toEqual([
          'elsewhere/',
        ]);
        expect(harvest(elsewhere)).toEqual({});
      }),
      { numRuns: 60 },
    );
  });

  it('what Windows would read as another place or a device is no name there', async () => {
    const part = fc.constantFrom(
      'C:',
      'C:evil',
      'C:\\evil',
      '\\\\host\\share',
      '..\\evil',
      'a\\..\\..\\evil',
      'NUL',
      'con.txt',
      'COM¹',
      'a.',
      'a ',
      'a:stream',
      'a::$DATA',
      'a',
      'A',
      'b.txt',
    );
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { maxLength: 8 }), async (paths) => {
        const top = temporaryFolder();
        const session = new MemorySession().add('t/');
        session.lies = paths.map((one) => file(one));
        for (const one of paths) session.add(`t/${one}`, 'x');
        await fakeProcess({ session, platform: 'win32' }).run('get', '-r', `${server}/t/.`, top);
        for (const name of Object.keys(harvest(top)))
          expect(name).toMatch(/^(?:a|A|b\.txt)(?:\/(?:a|A|b\.txt))*\/?$/);
      }),
      { numRuns: 40 },
    );
  });

  it.skipIf(windows)(
    'does not write through a symlink that has taken the place of a folder meanwhile',
    async () => {
      const top = temporaryFolder();
      plant(top, { 'elsewhere/': '', 'in/': '' });
      const session = new MemorySession()
        .add('a/sub/1', '1')
        .add('b', 'B')
        .add('a/sub/2', '2')
        .add('a/3', '3');
      session.lies = [
        file('a', { kind: 'directory' }),
        file('a/sub', { kind: 'directory' }),
        file('a/sub/1'),
        file('b'),
        file('a/sub/2'),
        file('a/3'),
      ];
      session.before = (operation, path) => {
        if (operation !== 'download' || path !== 'b') return;
        renameSync(join(top, 'in/a'), join(top, 'moved'));
        symlinkSync(join(top, 'elsewhere'), join(top, 'in/a'));
        mkdirSync(join(top, 'elsewhere/sub'));
      };
      const it = fakeProcess({ session });
      expect(await it.run('get', '-r', '--transfers', '1', server, join(top, 'in'))).toBe(6);
      expect(harvest(top)).toEqual({
        'elsewhere/sub/': '',
        'moved/sub/1': '1',
        'in/b': 'B',
        'in/a/sub/': '',
      });
      expect(it.stderr()).toContain('is a symlink, and nothing is written through it');
      expect(it.stderr()).toMatch(/Not tried +2 files/);
    },
  );

  it('the longest names there can be do not fill the memory while files are on their way', async () => {
    let given = 0;
    const long = 'x/'.repeat(1990);
    const session = new MemorySession().add('first', '1');
    session.lies = (function* () {
      yield file('first');
      for (given = 1; given < 12_000; given += 1) yield file(`${long}${given}`);
    })() as Iterable<Entry> as Entry[];
    const it = fakeProcess({ session });
    session.before = async (operation) => {
      if (operation !== 'download') return;
      // Nothing but this one is waited for: when a turn passes without more being listed, the listing has been halted.
      for (let seen = -1; seen !== given; ) {
        seen = given;
        await setImmediate();
      }
      it.interrupt();
    };
    expect(await it.run('get', '-r', '--transfers', '1', server, temporaryFolder())).toBe(130);
    expect(given).toBeGreaterThan(100);
    expect(given * long.length).toBeLessThan(bounds.charactersAhead + 3 * 4096);
  });

  it.skipIf(windows)('does not write through a symlink below the destination, and tells that', async () => {
    const top = temporaryFolder();
    plant(top, { 'elsewhere/': '', 'in/': '' });
    symlinkSync(join(top, 'elsewhere'), join(top, 'in/dir'));
    const it = fakeProcess({
      session: new MemorySession().add('dir/x', 'X').add('dir/sub/y', 'Y').add('z', 'Z'),
    });
    expect(await it.run('get', '-r', server, join(top, 'in'))).toBe(6);
    expect(harvest(join(top, 'elsewhere'))).toEqual({});
    expect(readFileSync(join(top, 'in/z'), 'utf8')).toBe('Z');
    expect(it.stderr()).toContain('is a symlink, and nothing is written through it');
    expect(it.stderr()).toMatch(/Not tried +2 files/);
    expect(lstatSync(join(top, 'in/dir')).isSymbolicLink()).toBe(true);
  });

  it('skips what is neither file nor folder', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('t/');
    session.lies = [file('l', { kind: 'symlink' }), file('o', { kind: 'other' })];
    const it = fakeProcess({ session });
    expect(await it.run('get', '-r', `${server}/t`, top)).toBe(0);
    expect(it.stderr()).toContain('1 symlink');
    expect(it.stderr()).toContain('1 pipe, socket or device');
  });

  it('names that Windows cannot hold fail alone there', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('t/a:b', 'x').add('t/nul/inside', 'x').add('t/good', 'x');
    const it = fakeProcess({ session, platform: 'win32' });
    expect(await it.run('get', '-r', `${server}/t`, top)).toBe(6);
    expect(harvest(join(top, 't'))).toEqual({ good: 'x' });
    expect(it.stderr()).toContain('":" is in it');
    expect(it.stderr()).toContain('it is the name of a device');
  });
});

describe('get: failures', () => {
  it('one file that fails stops no other', async () => {
    const top = temporaryFolder();
    const it = fakeProcess({ session: new MemorySession().add('t/a', 'A').add('t/b', 'B').add('t/c', 'C') });
    it.session.before = (operation, path) => {
      if (operation === 'download' && path === 't/b')
        throw new FilexError('DIGEST_MISMATCH', undefined, { path });
    };
    expect(await it.run('get', '-r', `${server}/t`, top)).toBe(6);
    expect(harvest(join(top, 't'))).toEqual({ a: 'A', c: 'C' });
  });

  it('one file alone fails with its own code', async () => {
    const it = fakeProcess({ session: new MemorySession().add('a', 'A') });
    it.session.before = (operation) => {
      if (operation === 'download') throw new FilexError('DIGEST_MISMATCH');
    };
    expect(await it.run('get', `${server}/a`, temporaryFolder())).toBe(12);
  });

  it('a listing that breaks off fails with what it had already listed', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('t/a', 'A').add('u/b', 'B');
    const it = fakeProcess({ session });
    session.before = (operation, path) => {
      if (operation === 'list' && path === 't') throw new FilexError('PERMISSION_DENIED', 'not for you');
    };
    expect(await it.run('get', '-r', `${server}/t`, `${server}/u`, top)).toBe(6);
    expect(harvest(top)).toEqual({ 't/': '', 'u/b': 'B' });
    expect(it.stderr()).toContain('t: not for you');
  });

  it('a folder where a file is, and a file where a folder is', async () => {
    const top = temporaryFolder();
    plant(top, { 't/f/': '', 't/d': 'file' });
    const it = fakeProcess({ session: new MemorySession().add('t/f', 'F').add('t/d/x', 'X') });
    expect(await it.run('get', '-r', `${server}/t`, top)).toBe(6);
    expect(harvest(top)).toEqual({ 't/f/': '', 't/d': 'file' });
  });

  it('an interrupt leaves nothing half and tells how to go on', async () => {
    const top = temporaryFolder();
    const it = fakeProcess({ session: new MemorySession().add('a', 'A') });
    it.session.before = (operation) => {
      if (operation !== 'download') return undefined;
      it.interrupt();
      return new Promise(() => undefined);
    };
    expect(await it.run('get', `${server}/a`, top)).toBe(130);
    expect(harvest(top)).toEqual({});
    expect(it.stderr()).toContain(`filex-client get filex+tcp://h/a ${top}`);
  });
});

describe('get: choices', () => {
  it('leaves out what it is told to', async () => {
    const top = temporaryFolder();
    const session = new MemorySession()
      .add('t/a.jpg', 'x')
      .add('t/b.png', 'x')
      .add('t/s/c.jpg', 'x')
      .add('t/n/d.png', 'x');
    expect(await fakeProcess({ session }).run('get', '-r', '--include', '*.jpg', `${server}/t`, top)).toBe(0);
    expect(harvest(top)).toEqual({ 't/a.jpg': 'x', 't/s/c.jpg': 'x' });
  });

  it('--dry-run writes nothing', async () => {
    const top = temporaryFolder();
    const it = fakeProcess({ session: new MemorySession().add('t/s/a', 'x') });
    expect(await it.run('get', '-r', '-n', `${server}/t`, join(top, 'new'))).toBe(0);
    expect(existsSync(join(top, 'new'))).toBe(false);
    expect(it.stdout()).toContain(`would download t/s/a as ${top}/new/t/s/a  1 B`);
  });

  it('says what Windows or a full disk would', async () => {
    const top = temporaryFolder();
    writeFileSync(join(top, 'file'), 'x');
    const it = fakeProcess({ session: new MemorySession().add('a', 'A') });
    expect(await it.run('get', `${server}/a`, join(top, 'file/x'))).toBe(3);
    expect(it.stderr()).toContain('a part of the path is not a folder');
  });
});
