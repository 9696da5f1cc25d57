import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Accounts, errnoOf } from '@filex/protocol/node';
import type { Warn } from '../store/local/warn.js';
import { accessBounds as bounds } from './bounds.js';
import { readUsers, type UsersRead } from './read-users.js';
import { DEFAULT_ITERATIONS, rulesOf, type User, UsersError } from './users-document.js';

/** What a new version of a users file has changed, by user names. */
export interface UsersChange {
  /** Are no users any more: their connections must end. */
  readonly removed: readonly string[];
  /** Have another passcode, root or permissions: who logged in before must do so again. */
  readonly changed: readonly string[];
}

/** How to open a users file. */
export interface UsersFileOptions {
  /** Told when a new version is not in order and the last one that was stays in force. Default: nobody. */
  readonly onWarning?: Warn | undefined;
  /** Throws a UsersError when a version, in order otherwise, cannot be used. Default: all can. */
  readonly check?: ((users: ReadonlyMap<string, User>) => void) | undefined;
}

/**
 * The users of a server, from a file that is read again when it has changed. A version that is not in order, or that
 * others can read or write, changes nothing; nor does it when the file is gone.
 */
export class UsersFile {
  readonly #path: string;
  readonly #warn: Warn;
  readonly #check: (users: ReadonlyMap<string, User>) => void;
  readonly #listeners: ((change: UsersChange) => void)[] = [];
  #read: UsersRead;
  /** The version that was looked at last, good or bad; undefined when it must be looked at again in any case. */
  #seen: string | undefined;
  #lastWarning: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;

  /** For logins: to be given to `serve`. */
  readonly accounts: Accounts;

  private constructor(
    path: string,
    read: UsersRead,
    { onWarning = () => {}, check = () => {} }: UsersFileOptions,
  ) {
    this.#path = path;
    this.#read = read;
    this.#warn = onWarning;
    this.#check = check;
    this.#seen = settledVersion(read.stats);
    const current = (): UsersRead => this.#read;
    this.accounts = {
      verifier: async (name) => current().users.get(name)?.verifier,
      get iterations() {
        const [any] = current().users.values();
        return any?.verifier.iterations ?? DEFAULT_ITERATIONS;
      },
      get secret() {
        return current().secret;
      },
    };
  }

  /**
   * @throws UsersError when it is not there, not in order, or others can read or write it; FilexError when it cannot be
   * read.
   */
  static async open(path: string, options: UsersFileOptions = {}): Promise<UsersFile> {
    const read = await readUsers(path);
    if (read === undefined)
      throw new UsersError(`there is no users file ${path}; "filex-server user add" makes it`);
    options.check?.(read.users);
    const file = new UsersFile(path, read, options);
    file.#watch();
    return file;
  }

  /** The user of that name, in its plain form, as the file has it now. */
  find(name: string): User | undefined {
    return this.#read.users.get(name);
  }

  /** All users by name; another map after each change. */
  get users(): ReadonlyMap<string, User> {
    return this.#read.users;
  }

  /** The names of all users. */
  names(): string[] {
    return [...this.#read.users.keys()];
  }

  /** Calls `listener` after each change, when `find` and `accounts` have it already. */
  onChange(listener: (change: UsersChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Looks now whether the file has changed, instead of within a second. Never rejects. */
  async reload(): Promise<void> {
    await this.#looking;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Reads nothing any more; the users stay as they are. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #watch(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.reload().then(() => this.#watch()), bounds.usersPoll);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      const stats = await this.#stat();
      if (this.#seen !== undefined && versionOf(stats) === this.#seen) return;
      this.#seen = settledVersion(stats);
      const read = await readUsers(this.#path);
      if (read === undefined) throw this.#gone();
      this.#check(read.users);
      this.#take(read);
      this.#lastWarning = undefined;
    } catch (error) {
      this.#complain(error as Error);
    }
  }

  async #stat(): Promise<BigIntStats> {
    try {
      return await stat(this.#path, { bigint: true });
    } catch (error) {
      throw errnoOf(error) === 'ENOENT' ? this.#gone() : error;
    }
  }

  #gone(): UsersError {
    return new UsersError(`there is no users file ${this.#path} any more`);
  }

  #take(read: UsersRead): void {
    const before = this.#read.users;
    this.#read = read;
    const removed = [...before.keys()].filter((name) => !read.users.has(name));
    const changed = [...before].flatMap(([name, user]) => {
      const now = read.users.get(name);
      return now === undefined || factsOf(now) === factsOf(user) ? [] : [name];
    });
    if (removed.length + changed.length === 0) return;
    for (const listener of this.#listeners) listener({ removed, changed });
  }

  #complain(error: Error): void {
    if (error.message === this.#lastWarning) return;
    this.#lastWarning = error.message;
    this.#warn('the users file cannot be used as it is; the users stay as they were', { err: error });
  }
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs, mode }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs, mode].join(' ');
}

/** Undefined while another write could leave the same times behind. */
function settledVersion(stats: BigIntStats): string | undefined {
  return Date.now() - Number(stats.ctimeMs) > bounds.settledAfter ? versionOf(stats) : undefined;
}

/** All that somebody who has logged in has by it. Quotas hold at once for those who are connected, too. */
function factsOf(user: User): string {
  const { salt, iterations, storedKey, serverKey } = user.verifier;
  const keys = [salt, storedKey, serverKey].map((key) => Buffer.from(key).toString('base64'));
  return JSON.stringify([keys, iterations, user.root, rulesOf(user)]);
}
