import type { User } from '../users-document.js';
import type { UsersFile } from '../users-file.js';

const key = new Uint8Array(32);
const verifier = { salt: new Uint8Array(16), iterations: 4096, storedKey: key, serverKey: key };
const nothing: User = {
  verifier,
  preset: undefined,
  rules: [],
  root: '',
  quota: { bytes: undefined, files: undefined },
};

export type FakeUsers = Pick<UsersFile, 'find' | 'users'> & {
  set(users: Readonly<Record<string, Partial<User>>>): void;
};

/** Users without a file, which can be exchanged as if it had changed. */
export function fakeUsers(users: Readonly<Record<string, Partial<User>>>): FakeUsers {
  const mapOf = (given: typeof users) =>
    new Map(Object.entries(given).map(([name, user]) => [name, { ...nothing, ...user }] as const));
  let current = mapOf(users);
  return {
    find: (name) => current.get(name),
    get users() {
      return current;
    },
    set(given) {
      current = mapOf(given);
    },
  };
}
