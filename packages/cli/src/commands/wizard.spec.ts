import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { Context } from '../context.js';
import { RecentServers } from '../state/recent-servers.js';
import { type FakeOptions, type FakeProcess, fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { ScriptedPrompter } from '../testing/scripted-prompter.js';
import { accounts, fingerprints, PASSCODE, realConnect, secureServer } from '../testing/secure-server.js';
import { harvest, plant, temporaryFolder } from '../testing/temporary-folder.js';
import { runWizard } from './wizard.js';

const settings = {
  json: false,
  quiet: false,
  verbose: false,
  input: true,
  color: 'never',
  connectTimeout: 1,
  retries: 0,
} as const;

async function play(
  options: FakeOptions,
  ...answers: (string | string[] | boolean)[]
): Promise<{ exit: number; ask: ScriptedPrompter; it: FakeProcess; state: string }> {
  const state = temporaryFolder();
  const it = fakeProcess({ stateDirectory: state, ...options });
  const ask = new ScriptedPrompter(...answers);
  const exit = await runWizard(new Context(it.io, settings, [], new AbortController().signal), ask);
  expect(ask.left).toBe(0);
  return { exit, ask, it, state };
}

describe('the wizard', () => {
  it('uploads several things and ends with the command that does the same', async () => {
    const top = temporaryFolder();
    plant(top, { 'a.txt': 'A', 'my dir/x': 'X' });
    const { exit, ask, it } = await play(
      { session: new MemorySession().add('in/') },
      'nas:99',
      'upload',
      join(top, 'none'),
      join(top, 'a.txt'),
      `${join(top, 'my dir')}/`,
      '',
      '/in/',
      false,
    );
    expect(exit).toBe(0);
    expect(it.connected).toEqual(['filex://nas:99/']);
    expect(it.session.text('in/a.txt')).toBe('A');
    expect(it.session.text('in/my dir/x')).toBe('X');
    expect(ask.shown).toContain(`fault: There is no ${top}/none here.`);
    const command = `filex-client put -r ${top}/a.txt '${top}/my dir' filex://nas:99/in/`;
    expect(ask.shown).toContain(`note: ${command}`);
  });

  it('the command really does the same', async () => {
    const top = temporaryFolder();
    plant(top, { '-x y/f': 'F' });
    const { ask } = await play({}, 'h', 'upload', join(top, '-x y'), '', 'new/deep', false);
    const shown = ask.shown.find((text) => text.startsWith('note: ')) as string;
    const again = fakeProcess();
    for (const command of shown.slice('note: '.length).split(' && ')) {
      const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
      expect(await again.run(...words.slice(1))).toBe(0);
    }
    expect(again.session.text('new/deep/-x y/f')).toBe('F');
  });

  it('downloads what is picked, a folder with all that is in it', async () => {
    const top = temporaryFolder();
    const session = new MemorySession()
      .add('a.txt', 'A')
      .add('dir/x', 'XX')
      .add('dir/sub/y', 'Y')
      .add('evil\x1b[2J', '');
    const { exit, ask } = await play(
      { session },
      '',
      'download',
      ['a.txt', 'dir', 'dir/sub/y'],
      join(top, 'new'),
      false,
    );
    expect(exit).toBe(0);
    expect(harvest(join(top, 'new'))).toEqual({ 'a.txt': 'A', 'dir/x': 'XX', 'dir/sub/y': 'Y' });
    expect(ask.offered[1]).toEqual([
      'Everything 4 B',
      'a.txt 1 B',
      'dir/ 3 B',
      'dir/sub/ 1 B',
      'dir/sub/y 1 B',
      'dir/x 2 B',
      'evil\\x1b[2J 0 B',
    ]);
    expect(ask.shown).toContain(
      `note: mkdir -p ${top}/new && filex-client get -r filex://localhost:12345/a.txt filex://localhost:12345/dir ${top}/new`,
    );
  });

  it('downloads everything', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('a', 'A').add('d/x', 'X');
    expect((await play({ session }, 'h', 'download', [''], top, false)).exit).toBe(0);
    expect(harvest(top)).toEqual({ a: 'A', 'd/x': 'X' });
  });

  it('asks what to do about conflicts, and shows it in the command', async () => {
    const top = temporaryFolder();
    plant(top, { a: 'new', b: 'B' });
    const session = new MemorySession().add('a', 'old');
    const { exit, ask } = await play(
      { session },
      'h',
      'upload',
      join(top, 'a'),
      join(top, 'b'),
      '',
      '',
      'overwrite',
      false,
    );
    expect(exit).toBe(0);
    expect(session.text('a')).toBe('new');
    expect(ask.shown.at(-2)).toContain('put --if-exists overwrite ');
  });

  it('leaves conflicts alone when told to', async () => {
    const top = temporaryFolder();
    plant(top, { a: 'new' });
    const session = new MemorySession().add('a', 'old');
    expect((await play({ session }, 'h', 'upload', join(top, 'a'), '', '', 'fail', false)).exit).toBe(11);
    expect(session.text('a')).toBe('old');
  });

  it('asks again when nobody answers there', async () => {
    const session = new MemorySession();
    const connect = async (url: string): Promise<MemorySession> => {
      if (url.includes('bad')) throw new FilexError('CONNECT_FAILED', 'nothing listens there');
      return session;
    };
    const { exit, ask } = await play({ connect }, 'not a host', 'bad', 'good', 'leave');
    expect(exit).toBe(0);
    expect(ask.shown).toContainEqual(expect.stringContaining('fault: Type a host'));
    expect(ask.shown).toContainEqual(expect.stringMatching(/^warn: nothing listens there\nCheck/));
  });

  it('asks for the key, the user and the passcode, and ends with a command that needs no key', async () => {
    const { name } = await secureServer({ accounts });
    const top = temporaryFolder();
    const state = temporaryFolder();
    const options = { connect: realConnect, stateDirectory: state };
    const first = await play(
      options,
      name,
      'perhaps',
      'y',
      ' ',
      'ann',
      'wrong',
      PASSCODE,
      'download',
      ['hello.txt'],
      top,
      false,
    );
    const { ask, exit, it } = first;
    // The server has nothing to give; what counts is how it is addressed.
    expect(exit).not.toBe(7);
    expect(ask.shown).toContainEqual(
      `warn: The server ${name} is not known yet. Its key is\n${fingerprints.own}\nCompare it with what the server has printed.`,
    );
    expect(ask.shown).toContain('fault: Type y or n, or paste the key.');
    expect(ask.shown).toContain(`secret: Passcode of ann@${name}`);
    expect(ask.shown).toContain('warn: The server does not accept that user name and passcode.');
    expect(ask.shown).toContain(`note: filex-client get filex://ann@${name}/hello.txt ${top}`);
    expect(ask.busyNow).toBe(0);
    // At first, and after each of five questions and answers about them.
    expect(ask.waited.filter((text) => text.startsWith('Connecting'))).toHaveLength(6);
    const left = readdirSync(state).map((file) => readFileSync(join(state, file), 'utf8'));
    expect(left.join('\n')).toContain(`ann@${name}`);
    expect(left.join('\n') + ask.shown.join('\n') + it.stderr() + it.stdout()).not.toContain(PASSCODE);
    const again = await play(options, '', PASSCODE, 'leave');
    expect(again.ask.offered[0]?.[0]).toBe(`ann@${name}`);
    expect(again.exit).toBe(0);
  });

  it('asks for another server when the key is not the right one', async () => {
    const { name } = await secureServer();
    const { exit, ask } = await play(
      { connect: realConnect },
      name,
      fingerprints.other,
      name,
      '',
      name,
      'y',
      'leave',
    );
    expect(exit).toBe(0);
    expect(ask.shown).toContainEqual(
      expect.stringMatching(/^warn: not connected: .* not the one that was named/),
    );
    expect(ask.shown).toContainEqual(expect.stringMatching(/^warn: not connected: .* was not accepted/));
  });

  it('remembers servers, the last one first, and offers this machine', async () => {
    const state = temporaryFolder();
    await new RecentServers(state).add('filex://one:12345/');
    await new RecentServers(state).add('damaged address');
    const { ask } = await play({ stateDirectory: state }, '', 'leave');
    expect(ask.offered[0]).toEqual(['one', 'localhost']);
    await play({ stateDirectory: state }, 'two:7', 'leave');
    expect(await new RecentServers(state).read()).toEqual([
      'filex://two:7/',
      'filex://one:12345/',
      'damaged address',
    ]);
  });

  it('works without remembering when there is nowhere to', async () => {
    const top = temporaryFolder();
    plant(top, { file: '' });
    expect((await play({ stateDirectory: join(top, 'file/state') }, 'h', 'leave')).exit).toBe(0);
  });

  it('an empty server is told, and an answer that does not work out', async () => {
    const top = temporaryFolder();
    plant(top, { 'x/a': '', 'y/a': '' });
    const { ask } = await play(
      {},
      'h',
      'download',
      true,
      'upload',
      join(top, 'x/a'),
      join(top, 'y/a'),
      '',
      'leave',
    );
    expect(ask.shown).toContain('warn: There is nothing to download yet.');
    expect(ask.shown).toContainEqual(expect.stringContaining('would get the same name'));
  });

  it('narrows down what is too much to list', async () => {
    const top = temporaryFolder();
    const session = new MemorySession().add('few/x', 'X');
    for (let i = 0; i <= bounds.wizardEntries; i += 1)
      session.nodes.set(`many/${i}`, session.nodes.get('few/x') as never);
    session.add('many/');
    const { exit, ask } = await play({ session }, 'h', 'download', 'no such', 'few', ['few/x'], top, false);
    expect(exit).toBe(0);
    expect(ask.shown).toContain('fault: There is no folder no such.');
    expect(harvest(top)).toEqual({ x: 'X' });
  });

  it.each([[['CANCEL']], [['h', 'CANCEL']], [['h', 'upload', 'CANCEL']], [['h', 'download', 'CANCEL']]])(
    'giving up at %j ends with 130',
    async (answers) => {
      const { exit, ask } = await play({ session: new MemorySession().add('a') }, ...answers);
      expect(exit).toBe(130);
      expect(ask.shown.at(-1)).toBe('Stopped.');
    },
  );

  it('ends when the server is lost', async () => {
    const top = temporaryFolder();
    plant(top, { a: 'A' });
    const session = new MemorySession();
    session.before = (operation) => {
      if (operation === 'upload') throw new FilexError('CONNECTION_LOST', 'gone');
    };
    expect((await play({ session }, 'h', 'upload', join(top, 'a'), '', '')).exit).toBe(5);
  });
});
