import { type Command, InvalidArgumentError } from 'commander';
import { addUser, changePasscode, removeUser } from '../access/change-users.js';
import { createPasscode } from '../access/passcode.js';
import { type Permission, type Preset, permissions, presets, type Rule } from '../access/permissions.js';
import { readUsers } from '../access/read-users.js';
import { UsersError } from '../access/users-document.js';
import { type ListedUser, usersTable } from './users-table.js';

/** Where the users file is, as far as it was said. */
interface UsersLocation {
  readonly users?: string;
  readonly state?: string;
}

/** What the commands about users see of the process they run in. */
export interface UserSurroundings {
  /** The path of the users file. */
  usersFile(location: UsersLocation): string | Promise<string>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Asks for a text that is not shown; undefined where nobody sits at a terminal. */
  readonly askHidden: ((question: string) => Promise<string>) | undefined;
  out(text: string): void;
  err(text: string): void;
}

interface PasscodeOptions extends UsersLocation {
  readonly passcodeStdin?: boolean;
  readonly generate?: boolean;
}

interface AddOptions extends PasscodeOptions {
  readonly preset?: Preset;
  readonly root?: string;
  readonly quotaBytes?: number;
  readonly quotaFiles?: number;
  readonly allow?: readonly Rule[];
}

/** Bytes of a passcode on stdin, with the end of its line. */
const MAX_PASSCODE = 1024;

/**
 * Adds the command `user`, which adds, changes, removes and lists users.
 * Its actions are asynchronous (`parseAsync`), and reject with `UsersError` or `FilexError` for what cannot be done.
 */
export function addUserCommand(program: Command, surroundings: UserSurroundings): Command {
  const { out, err } = surroundings;
  const user = program
    .command('user')
    .description(
      'Who may log in: add, change, remove and list users. A server that runs notices within a second.',
    );

  const command = (usage: string, description: string): Command =>
    user
      .command(usage)
      .description(description)
      .option('--users <file>', 'the users file (default: in the state folder)')
      .option('--state <dir>', 'the state folder');
  const withPasscode = (added: Command): Command =>
    added
      .option('--passcode-stdin', 'read the passcode from stdin, one line')
      .option('--generate', 'make a passcode nobody can guess, and print it: it is shown this once');
  const locate = async (given: Command): Promise<string> =>
    surroundings.usersFile(given.optsWithGlobals<UsersLocation>());

  withPasscode(command('add <name>', 'Add a user; without --preset and --allow one who may do everything.'))
    .option(
      '--preset <preset>',
      `what the user may do: ${Object.keys(presets).join(', ')} (default: write)`,
      preset,
    )
    .option('--allow <path=permissions>', ALLOW, rule)
    .option('--root <path>', 'a folder of the served one that the user sees as all there is', trimmed)
    .option('--quota-bytes <number>', 'bytes that this folder may hold; 10G, 500M', size)
    .option('--quota-files <number>', 'files and folders that it may hold', size)
    .action(async (name: string, options: AddOptions, given: Command) => {
      const path = await locate(given);
      const { passcode, generated } = await passcodeFor(name, options, surroundings);
      const { quotaBytes: bytes, quotaFiles: files, allow: rules = [], root } = options;
      // Who gives rules says all there is to say.
      const { preset: allowed = rules.length > 0 ? undefined : ('write' as const) } = options;
      const added = await addUser(path, {
        name,
        passcode,
        preset: allowed,
        rules,
        root,
        quota: { bytes, files },
      });
      if (generated) out(`${passcode}\n`);
      err(`Added the user ${JSON.stringify(added)}.\n`);
    });

  withPasscode(
    command('passwd <name>', 'Give a user another passcode; live connections end within a second.'),
  ).action(async (name: string, options: PasscodeOptions, given: Command) => {
    const path = await locate(given);
    const { passcode, generated } = await passcodeFor(name, options, surroundings);
    const changed = await changePasscode(path, name, passcode);
    if (generated) out(`${passcode}\n`);
    err(`Changed the passcode of ${JSON.stringify(changed)}. Live connections end within a second.\n`);
  });

  command('rm <name>', 'Remove a user; live connections end within a second.').action(
    async (name: string, _options: UsersLocation, given: Command) => {
      const removed = await removeUser(await locate(given), name);
      err(`Removed the user ${JSON.stringify(removed)}. Live connections end within a second.\n`);
    },
  );

  command('list', 'List all users.')
    .option('--json', 'as one line of JSON')
    .action(async (_options: UsersLocation, given: Command) => {
      const path = await locate(given);
      const read = await readUsers(path);
      if (read === undefined)
        throw new UsersError(`there is no users file ${path}; "filex-server user add" makes it`);
      const listed: ListedUser[] = [...read.users].map(([name, { preset: allowed, rules, root, quota }]) => ({
        name,
        preset: allowed,
        rules,
        root,
        quota,
      }));
      // `--json` of the program itself, before the verb, means the same.
      const { json = false } = given.optsWithGlobals<{ json?: boolean }>();
      out(json ? `${JSON.stringify({ users: listed })}\n` : usersTable(listed));
    });
  return user;
}

const ALLOW = `what the user may do at a path and below, as in inbox=create or /=list,read: ${permissions.join(', ')}, or nothing; may be repeated`;

async function passcodeFor(
  name: string,
  { passcodeStdin = false, generate = false }: PasscodeOptions,
  { stdin, askHidden }: UserSurroundings,
): Promise<{ passcode: string; generated: boolean }> {
  if (passcodeStdin && generate) throw new UsersError('--passcode-stdin and --generate do not go together');
  if (generate) return { passcode: createPasscode(), generated: true };
  if (passcodeStdin) return { passcode: await firstLine(stdin), generated: false };
  if (askHidden === undefined)
    throw new UsersError(
      'there is no terminal to ask for the passcode on: pass --passcode-stdin, or --generate to have one made',
    );
  const passcode = await askHidden(`Passcode for ${JSON.stringify(name)}`);
  if ((await askHidden('The same once more')) !== passcode)
    throw new UsersError('the two passcodes are not the same');
  return { passcode, generated: false };
}

/** The only line: with more, it is not clear what was meant. */
async function firstLine(stdin: UserSurroundings['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > MAX_PASSCODE)
      throw new UsersError(`the passcode on stdin has more than ${MAX_PASSCODE} bytes`);
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (/[\r\n]/.test(text)) throw new UsersError('there is more than one line on stdin; the passcode is one');
  return text;
}

function preset(text: string): Preset {
  if (Object.hasOwn(presets, text)) return text as Preset;
  throw new InvalidArgumentError(`It must be one of ${Object.keys(presets).join(', ')}.`);
}

function rule(text: string, before: readonly Rule[] = []): readonly Rule[] {
  // A path may have a `=` in it, a permission may not.
  const [, path, list] = /^(.*)=([^=]*)$/s.exec(text) ?? [];
  if (path === undefined || list === undefined)
    throw new InvalidArgumentError('It must be PATH=PERMISSION,PERMISSION.');
  const allow = list.split(',').filter((word) => word !== '');
  for (const word of allow)
    if (!permissions.includes(word as Permission))
      throw new InvalidArgumentError(`"${word}" is none of ${permissions.join(', ')}.`);
  return [...before, { path: trimmed(path), allow: allow as Permission[] }];
}

/** Slashes at the ends mean nothing. */
function trimmed(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function size(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([kmgt]?)$/i.exec(text) ?? [];
  const value = Number(digits) * (units[unit.toLowerCase()] as number);
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(
    'It must be a whole number, with K, M, G or T for powers of 1024 if you like.',
  );
}
