import { PassThrough } from 'node:stream';
import { type Code, type Entry, FilexError } from '@filex/protocol';
import type { ConnectOptions, SessionState } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { bounds } from './bounds.js';
import { main } from './main.js';
import { fakeProcess } from './testing/fake-io.js';
import { MemorySession } from './testing/memory-session.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const server = 'filex+tcp://h';
const some = (): MemorySession => new MemorySession().add('b.txt', 'BB').add('a.txt', 'A').add('dir/x', 'X');

describe('the command line', () => {
  it.each([
    [['--help'], 0],
    [['put', '--help'], 0],
    [['--version'], 0],
    [['frobnicate'], 2],
    [['ls'], 2],
    [['ls', '--frobnicate', server], 2],
    [['put', '--transfers', '0', 'x', server], 2],
    [['put', '--transfers', 'many', 'x', server], 2],
    [['ls', '--color', 'pink', server], 2],
    [['ls', 'filex+tcp://'], 2],
    [['ls', `${server}/a/../b`], 2],
    [['ls', `${server}/a`, 'filex+tcp://other/a'], 2],
  ])('%j exits with %d and connects to nobody', async (argv, exit) => {
    const it = fakeProcess();
    expect(await it.run(...argv)).toBe(exit);
    expect(it.connected).toEqual([]);
    expect(it.stdout() === '' || exit === 0).toBe(true);
  });

  it('says which verbs there are when one is none', async () => {
    const it = fakeProcess();
    await it.run('upload', 'x', server);
    expect(it.stderr()).toMatch(/"upload" is not a verb: there are put, get,/);
  });

  it('names every variable in the help', async () => {
    const it = fakeProcess();
    await it.run('put', '--help');
    for (const name of [
      'FILEX_IF_EXISTS',
      'FILEX_TRANSFERS',
      'FILEX_JSON',
      'FILEX_NO_INPUT',
      'FILEX_FOLLOW',
    ]) {
      expect(it.stdout()).toContain(`[${name}]`);
    }
  });

  it('takes file names that begin with a dash after --', async () => {
    const it = fakeProcess({ session: new MemorySession().add('-x', '1') });
    expect(await it.run('put', '--', '-no-such-file', server)).toBe(4);
    expect(it.stderr()).toContain('-no-such-file');
  });

  it('without a verb and a terminal it names what to pass', async () => {
    const it = fakeProcess();
    expect(await it.run()).toBe(2);
    expect(it.stderr()).toContain('put SRC… URL');
    const noInput = fakeProcess({ terminal: true });
    expect(await noInput.run('--no-input')).toBe(2);
    const passcode = fakeProcess({ terminal: true });
    expect(await passcode.run('--passcode-stdin')).toBe(2);
    expect(passcode.stderr()).toContain('the wizard asks for the passcode');
  });
});

describe('variables', () => {
  const withFiles = async (env: Record<string, string>, ...argv: string[]) => {
    const it = fakeProcess({ env, session: some() });
    const exit = await it.run(...argv);
    return { exit, out: it.stdout(), err: it.stderr() };
  };

  it('set options', async () => {
    expect((await withFiles({ FILEX_JSON: '1' }, 'ls', server)).out).toContain('"event":"entry"');
    expect((await withFiles({ FILEX_JSON: '0' }, 'ls', server)).out).not.toContain('"event"');
    expect((await withFiles({ FILEX_JSON: '' }, 'ls', server)).out).not.toContain('"event"');
    expect((await withFiles({ FILEX_RECURSIVE: 'yes' }, 'ls', server)).out).toContain('dir/x');
  });

  it('give way to the command line', async () => {
    const folder = temporaryFolder();
    const env = { FILEX_IF_EXISTS: 'rename', FILEX_EXCLUDE: '*.txt\ndir' };
    const { out } = await withFiles(env, 'get', '-rn', '--json', '--if-exists', 'skip', server, folder);
    expect(out).toContain('"ifExists":"skip"');
    expect(out).not.toContain('a.txt');
    const included = await withFiles(env, 'get', '-rn', '--include', 'a.txt', server, folder);
    expect(included.out).toContain('a.txt');
    expect(included.out).not.toContain('b.txt');
  });

  it('are refused when they make no sense', async () => {
    const { exit, err } = await withFiles(
      { FILEX_TRANSFERS: 'many' },
      'get',
      '-r',
      server,
      temporaryFolder(),
    );
    expect(exit).toBe(2);
    expect(err).toContain('FILEX_TRANSFERS=many');
    expect((await withFiles({ FILEX_JSON: 'perhaps' }, 'ls', server)).exit).toBe(2);
  });

  it('never make rm recursive', async () => {
    const it = fakeProcess({ env: { FILEX_RECURSIVE: '1' }, session: some() });
    expect(await it.run('rm', `${server}/dir`)).toBe(11);
  });
});

describe('ls', () => {
  const list = async (...argv: string[]): Promise<string> => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('ls', ...argv)).toBe(0);
    return it.stdout();
  };

  it('lists sorted, folders with a mark', async () =>
    expect(await list(server)).toBe('a.txt\nb.txt\ndir/\n'));
  it('lists all below', async () => expect(await list('-r', server)).toBe('a.txt\nb.txt\ndir/\ndir/x\n'));
  it('lists a file as itself', async () => expect(await list(`${server}/dir/x`)).toBe('x\n'));
  it('heads several', async () =>
    expect(await list(server, `${server}/dir`)).toBe('/:\na.txt\nb.txt\ndir/\n\ndir:\nx\n'));
  it('with size and time', async () => {
    expect(await list('-l', server)).toMatch(/^- {8}1 B {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}a\.txt$/m);
    expect(await list('-l', server)).toMatch(/^d .* dir\/$/m);
  });

  it('--json tells whole paths and exact times', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('ls', '--json', `${server}/dir`)).toBe(0);
    expect(it.events()).toEqual([
      expect.objectContaining({
        v: 1,
        event: 'entry',
        path: 'dir/x',
        kind: 'file',
        size: 1,
        mtime: '1970-01-01T00:00:01.000000Z',
        executable: false,
      }),
      { v: 1, event: 'summary', exit: 0, entries: 1 },
    ]);
  });

  it('makes names visible', async () => {
    const it = fakeProcess({ session: new MemorySession().add('evil\x1b]0;title\x07\nname', '') });
    await it.run('ls', server);
    expect(it.stdout()).toBe('evil\\x1b]0;title\\x07\\nname\n');
  });

  it('says nothing in events that a terminal obeys, and yet names exactly', async () => {
    const name = 'evil\x1b\x7f\x9b2J\x85';
    const it = fakeProcess({ session: new MemorySession().add(name, '') });
    await it.run('ls', '--json', server);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what this is about
    expect(it.stdout()).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(it.events()[0]).toMatchObject({ path: name });
  });

  it('sorts no more than memory is meant for', async () => {
    const session = new MemorySession().add('z').add('a');
    const long = (index: number): Entry => ({
      path: `${index}${'x'.repeat(250)}`,
      kind: 'file',
      size: 0,
      mtime: 0,
      executable: false,
    });
    const lies = Array.from({ length: bounds.sortedCharacters / 250 + 10 }, (_, index) => long(index));
    session.lies = lies.reverse();
    const it = fakeProcess({ session });
    expect(await it.run('ls', server)).toBe(0);
    const shown = it.stdout().trimEnd().split('\n');
    expect(shown).toHaveLength(lies.length);
    expect(shown.at(-1)).toBe(lies.at(-1)?.path);
    expect(shown[0]).toBe(lies[0]?.path);
  });

  it('what is not there is 4, with an event', async () => {
    const it = fakeProcess();
    expect(await it.run('ls', '--json', `${server}/none`)).toBe(4);
    expect(it.events()).toEqual([expect.objectContaining({ event: 'error', code: 'NOT_FOUND', exit: 4 })]);
    expect(it.stderr()).toContain('error: there is no "none"');
  });
});

describe('stat', () => {
  it('tells all', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('stat', `${server}/b.txt`, `${server}/dir`)).toBe(0);
    expect(it.stdout()).toMatch(
      /path +b\.txt\nkind +file\nsize +2 bytes \(2 B\)\nmodified +1970-01-01T00:00:01\.000000Z/,
    );
    expect(it.stdout()).toMatch(/\n\npath +dir\nkind +folder\n/);
  });

  it('as an event', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('stat', '--json', `${server}/b.txt`)).toBe(0);
    expect(it.events()).toMatchObject([
      { event: 'entry', path: 'b.txt', size: 2 },
      { event: 'summary', exit: 0, entries: 1 },
    ]);
  });
});

describe('cat', () => {
  it('writes what is in files, and nothing else', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('cat', `${server}/a.txt`, `${server}/b.txt`)).toBe(0);
    expect(it.stdout()).toBe('ABB');
  });

  it('refuses folders', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('cat', `${server}/dir`)).toBe(2);
    expect(it.stderr()).toContain('"dir" is a folder');
  });

  it('ends in silence when its reader has gone', async () => {
    const it = fakeProcess({ session: some() });
    const gone = new PassThrough();
    gone.write = ((_chunk: unknown, done?: (error: Error) => void) => {
      const error = Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
      done?.(error);
      gone.emit('error', error);
      return false;
    }) as typeof gone.write;
    expect(await main(['cat', `${server}/a.txt`], { ...it.io, stdout: gone })).toBe(0);
    expect(it.stderr()).toBe('');
    const again = fakeProcess({ session: some() });
    expect(await main(['ls', server], { ...again.io, stdout: gone })).toBe(0);
    expect(again.stderr()).toBe('');
  });

  it('a full disk behind it is an error', async () => {
    const it = fakeProcess({ session: some() });
    const full = new PassThrough();
    full.write = ((_chunk: unknown, done?: (error: Error) => void) => {
      done?.(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' }));
      return true;
    }) as typeof full.write;
    expect(await main(['cat', `${server}/a.txt`], { ...it.io, stdout: full })).toBe(8);
  });

  it('says what is wrong with the output, not that the transfer was given up for it', async () => {
    class Abortable extends MemorySession {
      override async download(...[path, , options]: Parameters<MemorySession['download']>): Promise<never> {
        await super.stat(path);
        // As a stream does it: by the time the callback tells the writer, the signal has ended the operation.
        full.emit('error', Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' }));
        expect(options?.signal?.aborted).toBe(true);
        throw new FilexError('CANCELLED');
      }
    }
    const full = new PassThrough();
    const it = fakeProcess({ session: new Abortable().add('a.txt', 'A') });
    expect(await main(['cat', `${server}/a.txt`], { ...it.io, stdout: full })).toBe(8);
    expect(it.stderr()).toContain('cannot write the output: ENOSPC');
  });
});

describe('mkdir', () => {
  it('makes folders', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('mkdir', `${server}/new`)).toBe(0);
    expect(await it.run('mkdir', `${server}/new`)).toBe(11);
    expect(await it.run('mkdir', '-p', `${server}/new`)).toBe(0);
    expect(await it.run('mkdir', `${server}/no/such`)).toBe(3);
    expect(await it.run('mkdir', '-p', `${server}/no/such`)).toBe(0);
    expect(it.session.nodes.get('no/such')?.kind).toBe('directory');
    expect(await it.run('mkdir', '-n', `${server}/never`)).toBe(0);
    expect(it.session.nodes.has('never')).toBe(false);
  });
});

describe('mv', () => {
  it.each([
    ['to a free name', 'a.txt', 'c.txt', 0, 'c.txt'],
    ['to an address', 'a.txt', `${server}/c.txt`, 0, 'c.txt'],
    ['into a folder', 'a.txt', 'dir', 0, 'dir/a.txt'],
    ['into the root', 'dir/x', '/', 0, 'x'],
    ['to a path from the root', 'dir/x', '/y', 0, 'y'],
    ['onto another', 'a.txt', 'b.txt', 11, 'a.txt'],
    ['into a missing folder', 'a.txt', 'no/', 3, 'a.txt'],
    ['to another server', 'a.txt', 'filex+tcp://other/a', 2, 'a.txt'],
    ['what is not there', 'none', 'c', 4, 'a.txt'],
    ['the root', '', 'c', 2, 'a.txt'],
  ])('%s', async (_name, from, to, exit, there) => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('mv', `${server}/${from}`, to)).toBe(exit);
    expect(it.session.nodes.has(there)).toBe(true);
  });

  it('overwrites or keeps what is there when told to', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('mv', '--if-exists', 'skip', `${server}/a.txt`, 'b.txt')).toBe(0);
    expect(it.session.text('b.txt')).toBe('BB');
    expect(it.stderr()).toContain('Kept b.txt');
    expect(await it.run('mv', '--if-exists', 'overwrite', `${server}/a.txt`, 'b.txt')).toBe(0);
    expect(it.session.text('b.txt')).toBe('A');
  });
});

describe('rm', () => {
  it('removes', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('rm', '-n', `${server}/a.txt`)).toBe(0);
    expect(it.session.nodes.has('a.txt')).toBe(true);
    expect(await it.run('rm', `${server}/a.txt`)).toBe(0);
    expect(await it.run('rm', `${server}/a.txt`)).toBe(4);
    expect(await it.run('rm', '-f', `${server}/a.txt`)).toBe(0);
    expect(await it.run('rm', `${server}/dir`)).toBe(11);
    expect(await it.run('rm', '-r', `${server}/dir`)).toBe(0);
    expect([...it.session.nodes.keys()]).toEqual(['b.txt']);
  });

  it('goes on after a failure', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('rm', `${server}/none`, `${server}/a.txt`)).toBe(6);
    expect(it.session.nodes.has('a.txt')).toBe(false);
  });

  it('never removes the root', async () => {
    const it = fakeProcess({ session: some() });
    expect(await it.run('rm', '-rf', server)).toBe(2);
    expect(it.session.log).toEqual([]);
  });
});

describe('ping', () => {
  it('measures', async () => {
    const it = fakeProcess();
    expect(await it.run('ping', '-c', '3', server)).toBe(0);
    expect(it.session.log).toEqual(['ping', 'ping', 'ping']);
    expect(it.stdout()).toContain('memory/1, as anonymous, sha256, not encrypted\n');
    expect(it.stdout()).toContain('3 round trips, min/avg/max 1.500/1.500/1.500 ms');
  });
});

describe('sessions', () => {
  it('says goodbye at the end', async () => {
    const it = fakeProcess({ session: some() });
    await it.run('ls', server);
    expect(it.session.ended).toBe('closed');
    expect(it.connected).toEqual(['filex+tcp://h:12345/']);
  });

  it.each([
    ['CONNECT_FAILED', 5],
    ['WRONG_PROTOCOL', 1],
    ['TIMEOUT', 10],
    ['PLAINTEXT_REFUSED', 7],
  ] as const)('%s while connecting exits with %d and says what to do', async (code, exit) => {
    const it = fakeProcess({
      connect: async () => {
        throw new FilexError(code, 'h:1 is not a FileX server: it answers with HTTP');
      },
    });
    expect(await it.run('ls', server)).toBe(exit);
    expect(it.stderr()).toMatch(/^error: h:1 is not a FileX server: it answers with HTTP\n {2}→ [A-Z]/);
  });

  it('a defect is told as one, with its stack only when asked for', async () => {
    const broken = { connect: () => Promise.reject(new TypeError('x is not a function')) };
    const it = fakeProcess(broken);
    expect(await it.run('ls', server)).toBe(1);
    expect(it.stderr()).toContain('error: x is not a function');
    expect(it.stderr()).not.toContain('main.spec');
    const verbose = fakeProcess(broken);
    await verbose.run('ls', '-v', server);
    expect(verbose.stderr()).toContain('main.spec');
  });
});

describe('the line is cut', () => {
  /** A server whose sessions go through `states` when they are asked to list something, and then fail. */
  function cutting(states: readonly SessionState[], code: Code) {
    let connect: ConnectOptions | undefined;
    const session = some();
    session.before = (operation) => {
      if (operation !== 'list') return;
      const { reconnect } = connect ?? {};
      for (const state of states) if (typeof reconnect === 'object') reconnect.onState?.(state);
      throw new FilexError(code, 'nothing listens there');
    };
    return fakeProcess({
      connect: async (_url, options) => {
        connect = options;
        return session;
      },
    });
  }
  const error = new FilexError('CONNECTION_LOST', 'gone');
  const waiting = (attempt: number): SessionState => ({
    state: 'waiting',
    error,
    attempt,
    retries: 2,
    delay: 1000,
  });
  const connecting: SessionState = { state: 'connecting', attempt: 2, retries: 2 };

  it.each(['CONNECT_FAILED', 'TIMEOUT', 'TOO_MANY_CONNECTIONS', 'SHUTTING_DOWN', 'RATE_LIMITED'] as const)(
    'every attempt met %s: exit 5',
    async (code) => {
      const it = cutting([waiting(1), waiting(2), connecting], code);
      expect(await it.run('ls', '--retries', '2', server)).toBe(5);
      expect(it.stderr()).toContain('Reconnecting in 1 s (attempt 1 of 2): gone\n');
      expect(it.stderr()).toContain(
        'error: gave up after 2 attempts to connect again: nothing listens there',
      );
    },
  );

  it('somebody else answers: exit 13, however many attempts are left', async () => {
    const it = cutting([waiting(1)], 'IDENTITY_CHANGED');
    expect(await it.run('ls', server)).toBe(13);
    expect(it.stderr()).not.toContain('gave up');
  });

  it('with --json there are events, with --quiet there is nothing', async () => {
    const json = cutting([{ state: 'connected', connection: 1 }, waiting(1)], 'NOT_FOUND');
    expect(await json.run('ls', '--json', server)).toBe(4);
    expect(json.events().map(({ event, state }) => [event, state])).toEqual([
      ['connection', 'waiting'],
      ['error', undefined],
    ]);
    expect(json.stderr()).not.toContain('Reconnecting');
    const quiet = cutting([waiting(1)], 'NOT_FOUND');
    await quiet.run('ls', '-q', server);
    expect(quiet.stderr()).not.toContain('Reconnecting');
  });

  it('--retries says how often, 0 is never', async () => {
    const seen: unknown[] = [];
    const connect = async (_url: string, { reconnect }: ConnectOptions) => {
      seen.push(typeof reconnect === 'object' ? reconnect.retries : reconnect);
      return some();
    };
    await fakeProcess({ connect }).run('ls', server);
    await fakeProcess({ connect }).run('ls', '--retries', '7', server);
    await fakeProcess({ connect, env: { FILEX_RETRIES: '8' } }).run('ls', server);
    await fakeProcess({ connect }).run('ls', '--retries', '0', server);
    expect(seen).toEqual([30, 7, 8, false]);
  });
});

describe('--timeout', () => {
  it('gives up what hangs, in good order: exit 10, and says so', async () => {
    const session = some();
    session.before = () => new Promise(() => undefined);
    const it = fakeProcess({ session });
    expect(await it.run('stat', '--timeout', '1', `${server}/a.txt`)).toBe(10);
    expect(it.stderr()).toContain('given up, as --timeout says: 1 second has passed');
    expect(session.ended).toBe('destroyed');
    expect(it.exits).toEqual([]);
  });

  it('is nothing to who is in time', async () => {
    const it = fakeProcess({ session: some(), env: { FILEX_TIMEOUT: '100' } });
    expect(await it.run('stat', `${server}/a.txt`)).toBe(0);
  });

  it.each(['0', '1.5', 'soon', '3000000'])('%j is no time', async (time) => {
    expect(await fakeProcess().run('ls', '--timeout', time, server)).toBe(2);
  });
});
