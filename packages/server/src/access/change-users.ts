import { randomBytes } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  createVerifier,
  errnoOf,
  fileError,
  makeFolders,
  prepare,
  type Verifier,
} from '@filex/protocol/node';
import { writePrivateFile } from '../state/private-file.js';
import { withFileLock } from './file-lock.js';
import type { Preset, Rule } from './permissions.js';
import { readUsers } from './read-users.js';
import {
  DEFAULT_ITERATIONS,
  formatUsers,
  type Quota,
  type User,
  type UsersDocument,
  UsersError,
  userNameFault,
} from './users-document.js';

/**
 * Changes a users file, which is made when it is missing, in one step: who reads it meanwhile, or after a crash, finds it as
 * it was or as it will be. Changes of several programs at once take turns.
 *
 * @param change is given the users by name and changes them; when it throws, nothing is changed.
 * @throws UsersError when the file is not in order, or would not be.
 */
export async function changeUsers<T>(path: string, change: (users: Map<string, User>) => T): Promise<T> {
  makeFolders(dirname(path));
  const target = await targetOf(path);
  return withFileLock(target, async (stillOurs) => {
    const { secret = randomBytes(32), users } = (await readUsers(target)) ?? nothing();
    const changed = new Map(users);
    const result = change(changed);
    const text = formatUsers({ secret, users: changed }, path);
    await stillOurs();
    await writePrivateFile(target, text, 'replace');
    return result;
  });
}

/** What to say of a new user. */
export interface NewUser {
  /** At most 64 bytes of printable characters. */
  readonly name: string;
  /** What the user logs in with; only a verifier of it is kept. */
  readonly passcode: string;
  /** What is allowed where no rule says otherwise. Default: nothing. */
  readonly preset?: Preset | undefined;
  /** What is allowed on single paths and below. Default: no rules. */
  readonly rules?: readonly Rule[] | undefined;
  /** The folder of the store that the user sees as all there is. Default: the whole store. */
  readonly root?: string | undefined;
  /** How much that folder may hold. Default: as much as there is room for. */
  readonly quota?: Quota | undefined;
}

/**
 * Adds a user to a users file.
 * @returns the name as it is kept, in its plain form.
 * @throws UsersError when there is one of that name, or something is not in order.
 */
export async function addUser(path: string, user: NewUser): Promise<string> {
  const name = checkedName(user.name);
  await changeWithVerifier(path, user.passcode, (users, verifier) => {
    if (users.has(name)) throw new UsersError(`there is a user ${JSON.stringify(name)} already in ${path}`);
    const { preset, rules = [], root = '', quota = { bytes: undefined, files: undefined } } = user;
    users.set(name, { verifier, preset, rules, root, quota });
  });
  return name;
}

/**
 * Gives a user another passcode.
 * @throws UsersError when there is no such user.
 */
export async function changePasscode(path: string, user: string, passcode: string): Promise<string> {
  return changeWithVerifier(path, passcode, (users, verifier) => {
    const name = prepare(user) ?? user;
    const before = users.get(name);
    if (before === undefined) throw noSuchUser(user, path);
    users.set(name, { ...before, verifier });
    return name;
  });
}

/**
 * Removes a user.
 * @throws UsersError when there is no such user.
 */
export async function removeUser(path: string, user: string): Promise<string> {
  return changeUsers(path, (users) => {
    const name = prepare(user) ?? user;
    if (!users.delete(name)) throw noSuchUser(user, path);
    return name;
  });
}

function noSuchUser(name: string, path: string): UsersError {
  return new UsersError(`there is no user ${JSON.stringify(name)} in ${path}`);
}

function checkedName(name: string): string {
  const prepared = prepare(name) ?? name;
  const fault = userNameFault(prepared);
  if (fault !== undefined) throw new UsersError(`${JSON.stringify(name)} cannot be a user: ${fault}`);
  return prepared;
}

/** Makes the verifier before the file is locked, since that takes a while, with as many iterations as all users have. */
async function changeWithVerifier<T>(
  path: string,
  passcode: string,
  change: (users: Map<string, User>, verifier: Verifier) => T,
): Promise<T> {
  if (prepare(passcode) === undefined)
    throw new UsersError('the passcode is empty, or has characters that no passcode has');
  let users: UsersDocument['users'] = (await readUsers(path))?.users ?? new Map();
  for (;;) {
    const verifier = await createVerifier(passcode, iterationsOf(users));
    const changed = await changeUsers(path, (now) => {
      users = now;
      return iterationsOf(now) === verifier.iterations ? { result: change(now, verifier) } : undefined;
    });
    if (changed !== undefined) return changed.result;
    // The first user of the file has come meanwhile, and has others.
  }
}

function iterationsOf(users: UsersDocument['users']): number {
  const [any] = users.values();
  return any?.verifier.iterations ?? DEFAULT_ITERATIONS;
}

function nothing(): UsersDocument {
  return { secret: undefined, users: new Map() };
}

/** Where a symlink leads: the file is replaced, not the link to it. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw fileError(error, { action: 'read', path });
  }
}
