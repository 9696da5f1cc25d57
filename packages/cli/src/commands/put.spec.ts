import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { FilexError } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { main } from '../main.js';
import { fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { plant, temporaryFolder } from '../testing/temporary-folder.js';

const server = 'filex+tcp://h';

/** Every file on the server with its content; folders that are empty with a `/`. */
function contents(session: MemorySession): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [path, node] of session.nodes) {
    if (node.kind === 'file') found[path] = session.text(path) ?? '';
    else if (![...session.nodes.keys()].some((other) => other.startsWith(`${path}/`))) found[`${path}/`] = '';
  }
  return found;
}

describe('put: where things land', () => {
  it('a tree lands under its name in the root, whole, whatever is in it', async () => {
    const name = fc
      .stringMatching(/^[a-zA-Z0-9 ._'"$\\:*?-]{1,12}$/)
      .filter((text) => !/^\.{1,2}$/.test(text));
    const path = fc
      .array(name, { minLength: 1, maxLength: 3 })
      .map((parts) => parts.map((part, i) => `${i}${part}`).join('/'));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(path, fc.string(), { maxKeys: 8, noNullPrototype: true }),
        async (files) => {
          // A name cannot be a file and a folder at once.
          const paths = Object.keys(files);
          fc.pre(!paths.some((a) => paths.some((b) => b.startsWith(`${a}/`))));
          const top = temporaryFolder();
          plant(top, {
            'tree/': '',
            ...Object.fromEntries(paths.map((one) => [`tree/${one}`, files[one] ?? ''])),
          });
          const it = fakeProcess();
          expect(await it.run('put', '-r', join(top, 'tree'), server)).toBe(0);
          const expected = Object.fromEntries(paths.map((one) => [`tree/${one}`, files[one] ?? '']));
          expect(contents(it.session)).toEqual(paths.length === 0 ? { 'tree/': '' } : expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  const cases: [string, string[], Record<string, string>, number, Record<string, string>][] = [
    ['a file into the root', ['a.txt', server], {}, 0, { 'a.txt': 'A' }],
    ['a file under a free name', ['a.txt', `${server}/b.txt`], {}, 0, { 'b.txt': 'A' }],
    ['a file into a folder', ['a.txt', `${server}/d`], { 'd/': '' }, 0, { 'd/a.txt': 'A' }],
    [
      'files into a folder',
      ['a.txt', 'b.txt', `${server}/d/`],
      { 'd/': '' },
      0,
      { 'd/a.txt': 'A', 'd/b.txt': 'B' },
    ],
    ['a file into a missing folder', ['a.txt', `${server}/no/`], {}, 3, {}],
    ['a file under a missing folder', ['a.txt', `${server}/no/b.txt`], {}, 3, {}],
    ['files into a missing folder', ['a.txt', 'b.txt', `${server}/no`], {}, 3, {}],
    ['files onto a file', ['a.txt', 'b.txt', `${server}/f`], { f: 'F' }, 3, { f: 'F' }],
    ['a file that is not there', ['none', server], {}, 4, {}],
    ['one of two that is not there', ['none', 'a.txt', server], {}, 6, { 'a.txt': 'A' }],
    ['a folder without -r', ['dir', server], {}, 2, {}],
    ['a folder', ['-r', 'dir', server], {}, 0, { 'dir/x': 'X', 'dir/e/': '' }],
    [
      'a folder into a folder',
      ['-r', 'dir', `${server}/d`],
      { 'd/': '' },
      0,
      { 'd/dir/x': 'X', 'd/dir/e/': '' },
    ],
    [
      'a folder into a missing one',
      ['-r', 'dir', `${server}/n/m`],
      {},
      0,
      { 'n/m/dir/x': 'X', 'n/m/dir/e/': '' },
    ],
    ['what is in a folder', ['-r', 'dir/.', `${server}/n`], {}, 0, { 'n/x': 'X', 'n/e/': '' }],
    [
      'a folder and a file',
      ['-r', 'dir', 'a.txt', `${server}/n`],
      {},
      0,
      { 'n/dir/x': 'X', 'n/dir/e/': '', 'n/a.txt': 'A' },
    ],
    ['two of one name', ['a.txt', 'dir/../a.txt', server], {}, 2, {}],
    ['nothing to upload', [server], {}, 2, {}],
    ['no address', ['a.txt', 'h:12345'], {}, 2, {}],
  ];
  it.each(cases)('%s', async (_name, args, there, exit, expected) => {
    const top = temporaryFolder();
    plant(top, { 'a.txt': 'A', 'b.txt': 'B', 'dir/x': 'X', 'dir/e/': '' });
    const it = fakeProcess();
    for (const [path, content] of Object.entries(there)) it.session.add(path, content);
    const words = args.map((arg) =>
      arg.startsWith('-') || arg.includes('://') || arg === 'h:12345' ? arg : `${top}/${arg}`,
    );
    expect(await it.run('put', ...words)).toBe(exit);
    expect(contents(it.session)).toEqual(expected);
  });

  it('restores the times of folders after their files are in', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/sub/x': 'X' });
    utimesSync(join(top, 'dir/sub'), 1, 2_000);
    utimesSync(join(top, 'dir'), 1, 1_000);
    const it = fakeProcess();
    expect(await it.run('put', '-r', join(top, 'dir'), server)).toBe(0);
    expect(it.session.nodes.get('dir')?.mtime).toBe(1_000_000_000);
    expect(it.session.nodes.get('dir/sub')?.mtime).toBe(2_000_000_000);
    expect(it.session.log.slice(-2).sort()).toEqual(['time dir', 'time dir/sub']);
  });

  it('standard input', async () => {
    const it = fakeProcess({ stdin: [Buffer.from('from '), Buffer.from('a pipe')] });
    expect(await it.run('put', '-', `${server}/x`)).toBe(0);
    expect(it.session.text('x')).toBe('from a pipe');
    expect(await fakeProcess().run('put', '-', server)).toBe(2);
    expect(await fakeProcess().run('put', '-', 'a', `${server}/x`)).toBe(2);
  });
});

describe('put: into a letter box, where nobody may look', () => {
  it.each([
    ['a file into the root', ['a.txt', server], 'a.txt'],
    ['a file under a name', ['a.txt', `${server}/n.txt`], 'n.txt'],
    ['a file into a folder', ['a.txt', `${server}/in/`], 'in/a.txt'],
    ['a folder', ['-r', 'dir', `${server}/in`], 'in/dir/x'],
    ['a folder into a new one', ['-r', 'dir', `${server}/new`], 'new/dir/x'],
  ])('%s', async (_name, args, there) => {
    const top = temporaryFolder();
    plant(top, { 'a.txt': 'A', 'dir/x': 'X' });
    const it = fakeProcess({ session: new MemorySession().add('in/') });
    it.session.before = (operation) => {
      if (operation === 'stat' || operation === 'list') throw new FilexError('PERMISSION_DENIED');
    };
    const words = args.map((arg) => (arg.startsWith('-') || arg.includes('://') ? arg : `${top}/${arg}`));
    expect(await it.run('put', ...words)).toBe(0);
    expect(it.session.nodes.has(there)).toBe(true);
  });
});

describe('put: conflicts', () => {
  const run = async (policy: string, there: string): Promise<[number, MemorySession]> => {
    const top = temporaryFolder();
    plant(top, { 'a.txt': 'new' });
    const it = fakeProcess({ session: new MemorySession().add('a.txt', there) });
    return [await it.run('put', '--if-exists', policy, join(top, 'a.txt'), server), it.session];
  };

  it.each([
    ['fail', 11, 'old'],
    ['skip', 0, 'old'],
    ['overwrite', 0, 'new'],
    ['rename', 0, 'old'],
  ])('%s', async (policy, exit, kept) => {
    const [code, session] = await run(policy, 'old');
    expect(code).toBe(exit);
    expect(session.text('a.txt')).toBe(kept);
    if (policy === 'rename') expect(session.text('a.txt (1)')).toBe('new');
  });

  it('identical content is success', async () => expect((await run('fail', 'new'))[0]).toBe(0));

  it('refuses a policy that does not exist', async () => {
    const it = fakeProcess();
    expect(await it.run('put', '--if-exists', 'clobber', 'x', server)).toBe(2);
    expect(it.stderr()).toContain('Allowed choices are fail, skip, rename, overwrite, newer');
  });
});

describe('put: failures', () => {
  it('a file that fails stops no other; it is told with why and what to do', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/a': 'A', 'dir/b': 'B', 'dir/c': 'C' });
    const it = fakeProcess();
    it.session.before = (operation, path) => {
      if (operation === 'upload' && path === 'dir/b')
        throw new FilexError('PERMISSION_DENIED', `"${path}" is not yours`);
    };
    expect(await it.run('put', '-r', join(top, 'dir'), server)).toBe(6);
    expect(contents(it.session)).toEqual({ 'dir/a': 'A', 'dir/c': 'C' });
    expect(it.stderr()).toContain('"dir/b" is not yours');
    expect(it.stderr()).toContain('Ask whoever runs the server');
  });

  it('a folder that cannot be made is told once, what is in it is counted', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/bad/x': 'X', 'dir/bad/y/z': 'Z', 'dir/ok': 'O' });
    const it = fakeProcess({ session: new MemorySession().add('dir/bad', 'a file') });
    expect(await it.run('put', '-r', '--json', join(top, 'dir'), server)).toBe(6);
    const summary = it.events().at(-1);
    expect(summary).toMatchObject({
      v: 1,
      event: 'summary',
      exit: 6,
      files: { created: 1, failed: 1, notTried: 2 },
    });
    expect(contents(it.session)).toEqual({ 'dir/bad': 'a file', 'dir/ok': 'O' });
  });

  it('what ends the session stops everything with its own code', async () => {
    const top = temporaryFolder();
    plant(top, Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`dir/${i}`, 'x'])));
    const it = fakeProcess();
    it.session.before = (operation, path) => {
      if (operation === 'upload' && path === 'dir/7')
        throw new FilexError('CONNECTION_LOST', 'the cable was cut');
    };
    expect(await it.run('put', '-r', '--transfers', '1', join(top, 'dir'), server)).toBe(5);
    expect(it.stderr()).toContain('error: the cable was cut');
    expect(it.session.log.filter((line) => line.startsWith('upload')).length).toBeLessThanOrEqual(50);
    expect(it.session.log.filter((line) => line.startsWith('time'))).toEqual([]);
  });

  it('lists a bounded number of failures and counts the rest', async () => {
    const top = temporaryFolder();
    plant(top, Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`dir/${i}`, 'x'])));
    const it = fakeProcess();
    it.session.before = (operation) => {
      if (operation === 'upload') throw new FilexError('IO_ERROR', 'broken');
    };
    expect(await it.run('put', '-r', join(top, 'dir'), server)).toBe(6);
    expect(it.stderr().match(/: broken/g)).toHaveLength(20);
    expect(it.stderr()).toContain('… and 10 more (-v shows them)');
  });

  it.skipIf(process.platform !== 'linux')(
    'names from elsewhere do not reach the terminal as they are',
    async () => {
      const top = temporaryFolder();
      plant(top, { 'dir/evil\x1b[2J\nname': 'x' });
      writeFileSync(Buffer.concat([Buffer.from(`${top}/dir/bad`), Buffer.from([0xff])]), 'x');
      symlinkSync('x', join(top, 'dir/link'));
      const it = fakeProcess();
      it.session.before = (operation) => {
        if (operation === 'upload') throw new FilexError('IO_ERROR', 'message with \x1b[31m in it');
      };
      expect(await it.run('put', '-r', '-v', join(top, 'dir'), server)).toBe(6);
      expect(it.stderr()).not.toContain('\x1b');
      expect(it.stderr()).toContain('evil\\x1b[2J\\nname');
      expect(it.stderr()).toContain('bad\\xff');
      expect(it.stderr()).toContain('not valid UTF-8');
      expect(it.stderr()).toContain('1 symlink');
    },
  );
});

describe('put: how it works', () => {
  it.each([
    ['as asked for, and no more', bounds.smallFileSize + 1, 5, 5],
    ['as asked for, of small ones more', bounds.smallFileSize, 5, 5 * bounds.smallFilesPerTransfer],
    ['one, if that was asked for', 1, 1, 1],
  ])('sends as many at once %s', async (_, size, transfers, most) => {
    const top = temporaryFolder();
    const content = 'x'.repeat(size);
    plant(top, Object.fromEntries(Array.from({ length: 80 }, (_each, i) => [`dir/${i}`, content])));
    const it = fakeProcess();
    it.session.before = () => new Promise((resolve) => setImmediate(resolve));
    expect(await it.run('put', '-r', '--transfers', `${transfers}`, join(top, 'dir'), server)).toBe(0);
    expect(it.session.mostRunning).toBe(most);
    expect(it.session.nodes.size).toBe(81);
  });

  it('an interrupt ends with 130 and the command that goes on', async () => {
    const top = temporaryFolder();
    plant(top, { 'my dir/a': 'x', 'my dir/b': 'x' });
    const it = fakeProcess();
    it.session.before = (operation) => {
      if (operation !== 'upload') return undefined;
      if (it.session.running === 1) it.interrupt();
      return new Promise(() => undefined);
    };
    expect(await it.run('put', '-r', join(top, 'my dir'), server)).toBe(130);
    expect(it.stderr()).toContain(`filex-client put -r '${top}/my dir' filex+tcp://h`);
    expect(it.session.ended).toBe('destroyed');
    expect(it.exits).toEqual([]);
  });

  it('a second interrupt does not wait', async () => {
    const top = temporaryFolder();
    plant(top, { a: 'x' });
    const it = fakeProcess();
    it.session.before = () => {
      it.interrupt();
      it.interrupt();
    };
    expect(await it.run('put', join(top, 'a'), server)).toBe(130);
    expect(it.exits).toEqual([130]);
  });

  it('--dry-run changes nothing and tells what would be done', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/a': 'x', 'dir/e/': '' });
    const it = fakeProcess();
    expect(await it.run('put', '-r', '-n', join(top, 'dir'), `${server}/new`)).toBe(0);
    expect(it.session.nodes.size).toBe(0);
    expect(it.stdout().split('\n').sort()).toEqual([
      '',
      'would make the folder new/dir/',
      'would make the folder new/dir/e/',
      `would upload ${top}/dir/a as new/dir/a  1 B`,
    ]);
    expect(it.stderr()).toBe('✔ Dry run  nothing was transferred\n');
  });

  it('leaves out what it is told to', async () => {
    const top = temporaryFolder();
    plant(top, {
      'dir/a.txt': 'x',
      'dir/node_modules/m/i.js': 'x',
      'dir/sub/b.log': 'x',
      'dir/sub/keep.log': 'x',
    });
    const it = fakeProcess();
    const rules = ['--exclude', 'node_modules', '--exclude', '*.log', '--include', 'keep.log'];
    expect(await it.run('put', '-r', ...rules, join(top, 'dir'), server)).toBe(0);
    expect(contents(it.session)).toEqual({ 'dir/a.txt': 'x', 'dir/sub/keep.log': 'x' });
    expect(it.session.nodes.has('dir/node_modules')).toBe(false);
  });

  it('--json tells every file, and the summary last', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/a': 'abc' });
    const it = fakeProcess({ session: new MemorySession() });
    expect(await it.run('--json', 'put', '-r', join(top, 'dir'), server)).toBe(0);
    const events = it.events();
    expect(events.every((event) => event['v'] === 1)).toBe(true);
    expect(events[0]).toMatchObject({ event: 'start', command: 'put', transfers: 16, ifExists: 'fail' });
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'file',
        status: 'done',
        outcome: 'created',
        to: 'dir/a',
        size: 3,
        algorithm: 'sha256',
      }),
    );
    expect(events.at(-1)).toMatchObject({
      event: 'summary',
      exit: 0,
      files: { created: 1 },
      folders: { created: 1 },
      bytes: 3,
    });
  });

  it('when nobody reads the events any more it stops, and does not say that all is well', async () => {
    const top = temporaryFolder();
    plant(top, { 'dir/a': 'x', 'dir/b': 'x' });
    const it = fakeProcess();
    const gone = new PassThrough();
    gone.write = (() => {
      gone.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' }));
      return false;
    }) as typeof gone.write;
    expect(await main(['put', '-r', '--json', join(top, 'dir'), server], { ...it.io, stdout: gone })).toBe(1);
    expect(it.stderr()).toContain('nobody reads the events');
  });

  it('--quiet says nothing when all is well', async () => {
    const top = temporaryFolder();
    plant(top, { a: 'abc' });
    const it = fakeProcess();
    expect(await it.run('put', '-q', join(top, 'a'), server)).toBe(0);
    expect(it.stderr() + it.stdout()).toBe('');
  });
});
