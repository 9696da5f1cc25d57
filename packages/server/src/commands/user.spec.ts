import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { readUsers } from '../access/read-users.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { addUserCommand, type UserSurroundings } from './user.js';

const folder = temporaryFolder();
let count = 0;

interface Given {
  readonly stdin?: readonly (string | Uint8Array)[];
  /** What is typed, one after the other; undefined: there is no terminal. */
  readonly typed?: readonly string[];
}

/** A users file, and the command on it. */
function setUp() {
  count += 1;
  const path = join(folder, `users-${count}.json`);
  const located: unknown[] = [];
  const run = async (args: string, { stdin = [], typed }: Given = {}) => {
    let out = '';
    let err = '';
    const questions: string[] = [];
    const answers = [...(typed ?? [])];
    const surroundings: UserSurroundings = {
      usersFile: (location) => {
        located.push(location);
        return path;
      },
      stdin: (async function* () {
        yield* stdin;
      })(),
      askHidden:
        typed === undefined
          ? undefined
          : async (question) => {
              questions.push(question);
              return answers.shift() as string;
            },
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
    };
    const program = new Command('filex-server')
      .argument('[DIR]')
      .option('--json')
      .action(() => {});
    addUserCommand(program, surroundings);
    const silent = { writeOut: surroundings.out, writeErr: surroundings.err };
    for (const command of [
      program,
      ...program.commands,
      ...program.commands.flatMap(({ commands }) => commands),
    ])
      command.exitOverride().configureOutput(silent);
    await program.parseAsync(args.split(' '), { from: 'user' });
    return { out, err, questions };
  };
  const find = async (name: string) => (await readUsers(path))?.users.get(name);
  return { path, run, find, located };
}

describe('filex-server user add', () => {
  it('asks twice on a terminal, and keeps no passcode', async () => {
    const { run, find, path } = setUp();
    const { questions, out, err } = await run('user add ann', { typed: ['pass word', 'pass word'] });
    expect(questions).toEqual(['Passcode for "ann"', 'The same once more']);
    expect(out).toBe('');
    expect(err).toBe('Added the user "ann".\n');
    expect(await find('ann')).toMatchObject({ preset: 'write', rules: [], root: '' });
    expect(await readFile(path, 'utf8')).not.toContain('pass');
  });

  it('adds nobody when the two are not the same', async () => {
    const { run, find } = setUp();
    await expect(run('user add ann', { typed: ['one', 'two'] })).rejects.toThrow('are not the same');
    expect(await find('ann')).toBeUndefined();
  });

  it('reads one line of stdin', async () => {
    const { run, find } = setUp();
    await run('user add ann --passcode-stdin', { stdin: ['se', Buffer.from('cret'), '\r\n'] });
    const one = (await find('ann'))?.verifier;
    expect(one?.iterations).toBe(100_000);
    await expect(run('user add bob --passcode-stdin', { stdin: ['a\nb\n'] })).rejects.toThrow(
      'more than one line',
    );
    await expect(run('user add bob --passcode-stdin', { stdin: ['\n'] })).rejects.toThrow(
      'the passcode is empty',
    );
    await expect(run('user add bob --passcode-stdin', { stdin: ['x'.repeat(2000)] })).rejects.toThrow(
      '1024 bytes',
    );
    expect(await find('bob')).toBeUndefined();
  });

  it('makes one, which is printed once, alone', async () => {
    const { run, path } = setUp();
    const { out } = await run('user add ann --generate');
    expect(out).toMatch(/^[2-9a-z]{5}(-[2-9a-z]{5}){3}\n$/);
    expect(await readFile(path, 'utf8')).not.toContain(out.trim());
  });

  it('prints no passcode of a user that could not be added', async () => {
    const { run } = setUp();
    await run('user add ann --generate');
    const told: string[] = [];
    await expect(run('user add ann --generate').then(({ out }) => told.push(out))).rejects.toThrow('already');
    expect(told).toEqual([]);
  });

  it('says what to pass where there is no terminal, and takes no passcode as an argument', async () => {
    const { run } = setUp();
    await expect(run('user add ann')).rejects.toThrow('pass --passcode-stdin, or --generate');
    await expect(run('user add ann --generate --passcode-stdin')).rejects.toThrow('do not go together');
    await expect(run('user add ann secret')).rejects.toThrow('too many arguments');
    await expect(run('user add ann --passcode secret')).rejects.toThrow('unknown option');
  });

  it('takes all that can be said of a user', async () => {
    const { run, find } = setUp();
    await run(
      'user add ann --generate --preset read --allow /in=box/=create --allow x=list,read --root /people/ann/ --quota-bytes 10g --quota-files 1000',
    );
    expect(await find('ann')).toMatchObject({
      preset: 'read',
      rules: [
        { path: 'in=box', allow: ['create'] },
        { path: 'x', allow: ['list', 'read'] },
      ],
      root: 'people/ann',
      quota: { bytes: 10 * 1024 ** 3, files: 1000 },
    });
    await run('user add bob --generate --allow /=list --allow x=');
    expect(await find('bob')).toMatchObject({
      preset: undefined,
      rules: [
        { path: '', allow: ['list'] },
        { path: 'x', allow: [] },
      ],
    });
  });

  it.each([
    ['--preset all', 'It must be one of none, read, drop, write, admin.'],
    ['--allow x', 'It must be PATH=PERMISSION,PERMISSION.'],
    ['--allow x=write', '"write" is none of list, read, create, overwrite, delete.'],
    ['--quota-bytes 1.5', 'It must be a whole number'],
    ['--quota-files -1', 'It must be a whole number'],
    ['--quota-bytes 99999999T', 'It must be a whole number'],
  ])('refuses %s', async (given, message) => {
    const { run, find } = setUp();
    await expect(run(`user add ann --generate ${given}`)).rejects.toThrow(message);
    expect(await find('ann')).toBeUndefined();
  });

  it('refuses a root or a name that cannot be', async () => {
    const { run } = setUp();
    await expect(run('user add ann --generate --root a/../b')).rejects.toThrow('"root" is refused');
    await expect(run('user add ann --generate --root .filex/x')).rejects.toThrow('"root" is refused');
    await expect(run('user add anonymous --generate')).rejects.toThrow('who gives no name');
  });
});

describe('filex-server user', () => {
  it('passwd gives another passcode, and leaves the rest', async () => {
    const { run, find } = setUp();
    await run('user add ann --generate --preset read --root x');
    const before = await find('ann');
    const { err } = await run('user passwd ann --passcode-stdin', { stdin: ['other\n'] });
    expect(err).toBe('Changed the passcode of "ann". Live connections end within a second.\n');
    const after = await find('ann');
    expect(after).toEqual({ ...before, verifier: after?.verifier });
    expect(after?.verifier.storedKey).not.toEqual(before?.verifier.storedKey);
    await expect(run('user passwd bob --generate')).rejects.toThrow('there is no user "bob"');
  });

  it('rm removes a user, and says what that means for connections', async () => {
    const { run, find } = setUp();
    await run('user add ann --generate');
    const { err } = await run('user rm ann');
    expect(err).toBe('Removed the user "ann". Live connections end within a second.\n');
    expect(await find('ann')).toBeUndefined();
    await expect(run('user rm ann')).rejects.toThrow('there is no user "ann"');
  });

  it('list shows all that may be shown, for people and for programs', async () => {
    const { run } = setUp();
    await expect(run('user list')).rejects.toThrow('"filex-server user add" makes it');
    await run('user add ann --generate --preset read --allow in=create --root people/ann --quota-bytes 5k');
    await run('user add b\u00a0ob --generate'.replace('\u00a0', '\u3000'));
    expect((await run('user list')).out).toBe(
      'USER  MAY              ROOT         QUOTA\n' +
        'ann   read /in=create  /people/ann  5120 bytes\n' +
        'b ob  write            /            -\n',
    );
    const { out } = await run('user list --json');
    expect(JSON.parse(out)).toEqual({
      users: [
        {
          name: 'ann',
          preset: 'read',
          rules: [{ path: 'in', allow: ['create'] }],
          root: 'people/ann',
          quota: { bytes: 5120 },
        },
        { name: 'b ob', preset: 'write', rules: [], root: '', quota: {} },
      ],
    });
    expect(out.trim()).not.toContain('\n');
  });

  it('tells where the file is said to be', async () => {
    const { run, located } = setUp();
    await run('user add ann --generate --users some.json --state dir');
    expect(located).toEqual([expect.objectContaining({ users: 'some.json', state: 'dir' })]);
  });
});
