import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { type Asked, digestOf, hostileServer } from '../harness/hostile-server.js';
import { parts, visible } from '../harness/leftovers.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

const INTEGRITY = 12;
const evil = Buffer.from('evil!');

/** A destination in the middle of other things, none of which may change. */
function surroundings() {
  const outside = makeTree(temporaryFolder(), { 'precious.txt': 'precious', 'dest/': '', 'sibling/x': 'x' });
  const before = visible(outside);
  return {
    outside,
    destination: join(outside, 'dest'),
    /** An empty folder `t` in the destination is all that may have been made. */
    untouched: () => {
      expect(visible(outside).filter((path) => path !== 'dest/t')).toEqual(before);
      expect(parts(outside)).toEqual([]);
      expect(readFileSync(join(outside, 'precious.txt'), 'utf8')).toBe('precious');
    },
  };
}

describe('a listing', () => {
  const forbidden = [
    ['a path upwards', '../evil.txt'],
    ['a path upwards in the middle', 'a/../../evil.txt'],
    ['an absolute path', '/tmp/filex-evil.txt'],
    ['a dot', './evil.txt'],
    ['an empty name', 'a//evil.txt'],
    ['a NUL', 'evil\0.txt'],
    ['a name that is too long', 'n'.repeat(256)],
  ] as const;

  test.each(forbidden)('with %s is refused', async (_title, path) => {
    const url = await hostileServer(({ operation, reply }) => {
      if (operation === 'stat') reply.stat({ path: 't', kind: 'directory', size: 0 });
      else if (operation === 'list') reply.forbiddenEntry(path).success();
      else reply.file(evil);
    });
    const { destination, untouched } = surroundings();
    const exit = await filex(['get', '-r', url('t'), destination]);
    expect(exit.code, exit.stderr).toBe(1);
    expect(exit.stderr).toMatch(/error:/);
    untouched();
  });

  test('of one folder that names what is deeper is refused', async () => {
    const url = await hostileServer(({ reply }) => void reply.entries({ path: 'a/b' }).success());
    const exit = await filex(['ls', url('t')]);
    expect(exit.code, exit.stderr).toBe(1);
    expect(exit.stderr).toMatch(/not asked for/);
    expect(exit.stdout).toBe('');
  });

  test('that calls something a symlink and then puts a file below it writes inside only', async () => {
    const url = await hostileServer(({ operation, reply }) => {
      if (operation === 'stat') reply.stat({ path: '', kind: 'directory', size: 0 });
      else if (operation === 'list') {
        reply.entries({ path: 'link', kind: 'symlink', size: 0 }, { path: 'link/evil' }).success();
      } else reply.file(evil);
    });
    const { outside, destination } = surroundings();
    const exit = await filex(['get', '-r', url(), destination]);
    expect(exit.code, exit.stderr).toBe(0);
    expect(visible(outside).filter((path) => !path.startsWith('dest'))).toEqual([
      'precious.txt',
      'sibling',
      'sibling/x',
    ]);
  });

  test('does not lead through a symlink that is in the destination', async () => {
    const url = await hostileServer(({ operation, reply }) => {
      if (operation === 'stat') reply.stat({ path: '', kind: 'directory', size: 0 });
      else if (operation === 'list') reply.entries({ path: 'link/evil' }).success();
      else reply.file(evil);
    });
    const { outside, destination } = surroundings();
    mkdirSync(join(outside, 'elsewhere'));
    symlinkSync('../elsewhere', join(destination, 'link'));
    const exit = await filex(['get', '-r', url(), destination]);
    expect(exit.code, exit.stderr).toBe(6);
    expect(visible(join(outside, 'elsewhere'))).toEqual([]);
  });

  test('with control characters in a name does not reach the terminal', async () => {
    const name = 'x\x1b]0;owned\x07\x1b[2J\r\ny';
    const url = await hostileServer(({ reply }) => void reply.entries({ path: name }).success());
    const exit = await filex(['ls', '--color', 'always', url()]);
    expect(exit.stdout).toBe('x\\x1b]0;owned\\x07\\x1b[2J\\r\\ny\n');
  });
});

describe('a file', () => {
  /** Answers an honest `stat`, and the download as `lie` says. */
  async function download(lie: (reply: Asked['reply']) => void, ...options: string[]) {
    const url = await hostileServer(({ operation, path, reply }) => {
      if (operation === 'stat') reply.stat({ path });
      else lie(reply);
    });
    const around = surroundings();
    const exit = await filex(['get', ...options, url('file.txt'), around.destination]);
    return { exit, ...around };
  }

  test('under another name than asked for gets the name that was asked for', async () => {
    const url = await hostileServer(({ operation, reply }) => {
      if (operation === 'stat') reply.stat({ path: 'sibling/other.txt' });
      else reply.accept(5).data(evil).end(5, digestOf(evil)).success('sibling/other.txt');
    });
    const { outside, destination } = surroundings();
    const exit = await filex(['get', url('file.txt'), destination]);
    expect(exit.code, exit.stderr).toBe(0);
    expect(visible(outside)).toEqual(['dest', 'dest/file.txt', 'precious.txt', 'sibling', 'sibling/x']);
  });

  test('longer than announced is refused', async () => {
    const more = Buffer.alloc(20, 'x');
    const { exit, untouched } = await download((reply) => {
      reply.accept(5).data(more).end(20, digestOf(more)).success();
    });
    expect(exit.code, exit.stderr).toBe(INTEGRITY);
    expect(exit.stderr).toMatch(/more than the 5 bytes/);
    untouched();
  });

  test('shorter than announced is refused', async () => {
    const { exit, untouched } = await download((reply) => {
      reply.accept(100).data(evil).end(5, digestOf(evil)).success();
    });
    expect(exit.code, exit.stderr).toBe(INTEGRITY);
    expect(exit.stderr).toMatch(/5 of the 100 bytes/);
    untouched();
  });

  test('whose end claims bytes that were not sent is refused', async () => {
    const { exit, untouched } = await download((reply) => {
      reply.accept(100).data(evil).end(100, digestOf(evil)).success();
    });
    expect(exit.code, exit.stderr).toBe(INTEGRITY);
    untouched();
  });

  test('that is called done without an end is refused', async () => {
    const { exit, untouched } = await download((reply) => void reply.accept(5).data(evil).success());
    expect(exit.code, exit.stderr).toBe(1);
    untouched();
  });

  test('with a wrong digest is refused', async () => {
    const { exit, untouched } = await download((reply) => {
      reply
        .accept(5)
        .data(evil)
        .end(5, digestOf(Buffer.from('other')))
        .success();
    });
    expect(exit.code, exit.stderr).toBe(INTEGRITY);
    untouched();
  });

  test('with a wrong digest makes standard output end with exit 12', async () => {
    const url = await hostileServer(({ reply }) => {
      reply
        .accept(5)
        .data(evil)
        .end(5, digestOf(Buffer.from('other')))
        .success();
    });
    expect((await filex(['cat', url('file.txt')])).code).toBe(INTEGRITY);
  });

  test('cut off in the middle leaves nothing: exit 5', async () => {
    const { exit, untouched } = await download(
      (reply) => reply.accept(100).data(evil).hangUp(),
      '--retries',
      '0',
    );
    expect(exit.code, exit.stderr).toBe(5);
    untouched();
  });

  test('in a frame of four gigabytes is refused on its header', async () => {
    const header = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 1);
    const { exit, untouched } = await download((reply) => void reply.accept(5).raw(header));
    expect(exit.code, exit.stderr).toBe(1);
    untouched();
  });

  test('an error message of the server cannot command the terminal', async () => {
    const { exit, untouched } = await download((reply) => {
      reply.message('RESULT', { status: 0x33, effect: 'none', detail: 'x\x1b[2J\ny', path: '' });
    });
    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain('x\\x1b[2J\\ny');
    untouched();
  });
});
