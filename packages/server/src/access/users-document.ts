import { pathFault } from '@filex/protocol';
import { MIN_ITERATIONS, prepare, type Verifier } from '@filex/protocol/node';
import * as v from 'valibot';
import { accessBounds as bounds } from './bounds.js';
import { foldName } from './path-names.js';
import { type Permission, type Preset, permissions, presets, type Rule } from './permissions.js';

/** How much a user's folder may hold. Undefined: as much as there is room for. */
export interface Quota {
  /** Bytes of all files below the user's root. */
  readonly bytes: number | undefined;
  /** Files and folders below the user's root. */
  readonly files: number | undefined;
}

/** What is kept of one user. */
export interface User {
  /** What a passcode can be checked with. */
  readonly verifier: Verifier;
  /** What is allowed where no rule says otherwise. Undefined: nothing. */
  readonly preset: Preset | undefined;
  /** On paths that the user sees, each at most once. */
  readonly rules: readonly Rule[];
  /** The folder of the store that the user sees as `''`. */
  readonly root: string;
  /** How much that folder may hold. */
  readonly quota: Quota;
}

/** What a users file holds. */
export interface UsersDocument {
  /** 32 bytes for the salts of users that there are not; see `Accounts.secret`. Undefined in a file that was written by hand. */
  readonly secret: Uint8Array | undefined;
  /** By name, prepared. All have as many iterations, so that these do not tell who exists. */
  readonly users: ReadonlyMap<string, User>;
}

/** Rounds of PBKDF2 for all users of a file that has none yet. */
export const DEFAULT_ITERATIONS = 100_000;

/** A users file, or what somebody wants to put into it, is not in order. The message says which file, user and field. */
export class UsersError extends Error {
  /** To be told from other errors by. */
  override readonly name = 'UsersError';
}

/** Who nobody in particular is, so nobody else can be. */
const RESERVED_USER = 'anonymous';

/** Why nobody can be called that; undefined when somebody can. */
export function userNameFault(name: string): string | undefined {
  const prepared = prepare(name);
  if (prepared === undefined) return 'a user name must have printable characters';
  if (prepared !== name) return `a user name must be written in its plain form, ${JSON.stringify(prepared)}`;
  if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u.test(name) || name.trim() !== name)
    return 'a user name must have printable characters, and no space at its ends';
  if (Buffer.byteLength(name) > bounds.userName) return `a user name has at most ${bounds.userName} bytes`;
  if (foldName(name) === RESERVED_USER) return `"${RESERVED_USER}" is who gives no name`;
  return undefined;
}

/** Why no user can have that folder as root; undefined when one can. */
export function rootFault(root: string): string | undefined {
  const fault = pathFault(root);
  if (fault !== undefined) return fault;
  return foldName(root.split('/')[0] as string) === '.filex'
    ? '.filex is the own folder of the store'
    : undefined;
}

const whole = (min: number, max: number) => {
  const fault = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(fault), v.integer(fault), v.minValue(min, fault), v.maxValue(max, fault));
};

const bytes = (size: number) =>
  v.pipe(
    v.string('must be a text'),
    v.base64('must be base64'),
    v.transform((text) => Uint8Array.from(Buffer.from(text, 'base64'))),
    v.check((decoded) => decoded.length === size, `must be base64 of ${size} bytes`),
  );

const path = (fault: (path: string) => string | undefined) =>
  v.pipe(
    v.string('must be a text'),
    v.rawCheck(({ dataset, addIssue }) => {
      const why = dataset.typed ? fault(dataset.value) : undefined;
      if (why !== undefined) addIssue({ message: `is refused: ${why}` });
    }),
  );

const fields = {
  verifier: v.strictObject({
    // As many as `createVerifier` makes: others would tell users apart from those that there are not.
    salt: bytes(16),
    iterations: whole(MIN_ITERATIONS, bounds.verifierIterations),
    storedKey: bytes(32),
    serverKey: bytes(32),
  }),
  preset: v.optional(
    v.picklist(
      Object.keys(presets) as [Preset, ...Preset[]],
      `must be one of ${Object.keys(presets).join(', ')}`,
    ),
  ),
  rules: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          path: path(pathFault),
          allow: v.array(
            v.picklist(permissions, `must be one of ${permissions.join(', ')}`),
            'must be a list of permissions',
          ),
        }),
        'must be a list of rules',
      ),
      v.maxLength(bounds.rulesOfUser, `must not have more than ${bounds.rulesOfUser} rules`),
      v.check(
        (rules) => new Set(rules.map((rule) => rule.path)).size === rules.length,
        'must not have two rules for one path',
      ),
    ),
  ),
  root: v.optional(path(rootFault)),
  quota: v.optional(
    v.strictObject({
      bytes: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
      files: v.optional(whole(0, Number.MAX_SAFE_INTEGER)),
    }),
  ),
};
const userSchema = v.strictObject(fields);
const outerSchema = v.strictObject({
  version: v.literal(1, 'must be 1, the only version there is'),
  secret: v.optional(bytes(32)),
  users: v.custom<Record<string, unknown>>(
    (users) => typeof users === 'object' && users !== null && !Array.isArray(users),
    'must be an object with the users by name',
  ),
});

/**
 * Reads a users file.
 * @param file what messages call it.
 * @throws UsersError
 */
export function parseUsers(text: string, file: string): UsersDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote what is in the file.
    throw new UsersError(`${file} is not JSON`);
  }
  const { secret, users } = checked(outerSchema, value, file);
  const names = Object.keys(users);
  if (names.length > bounds.users) throw new UsersError(`${file} has more than ${bounds.users} users`);
  const parsed = new Map<string, User>();
  for (const name of names) {
    const where = `${file}: user ${JSON.stringify(name)}`;
    const fault = userNameFault(name);
    if (fault !== undefined) throw new UsersError(`${where}: ${fault}`);
    const { verifier, preset, rules = [], root = '', quota } = checked(userSchema, users[name], where);
    const user = { verifier, preset, rules, root, quota: { bytes: quota?.bytes, files: quota?.files } };
    parsed.set(name, user);
  }
  const document = { secret, users: parsed };
  checkTogether(document, file);
  return document;
}

/** What no user has wrong alone. */
function checkTogether({ users }: UsersDocument, file: string): void {
  const [first] = users;
  for (const [name, { verifier, preset, rules }] of users) {
    const where = `${file}: user ${JSON.stringify(name)}`;
    if (preset !== undefined && rules.some((rule) => rule.path === ''))
      throw new UsersError(`${where}: "preset" is the rule for "": there cannot be another one`);
    if (first !== undefined && verifier.iterations !== first[1].verifier.iterations)
      throw new UsersError(
        `${where}: verifier.iterations must be the same for all users (${first[1].verifier.iterations}), or it tells who exists`,
      );
  }
}

/**
 * The other way round.
 * @throws UsersError when it would not be read again.
 */
export function formatUsers({ secret, users }: UsersDocument, file: string): string {
  const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
  const entries = [...users].map(([name, { verifier, preset, rules, root, quota }]) => {
    const { salt, iterations, storedKey, serverKey } = verifier;
    const hasQuota = quota.bytes !== undefined || quota.files !== undefined;
    const stored = {
      verifier: {
        salt: base64(salt),
        iterations,
        storedKey: base64(storedKey),
        serverKey: base64(serverKey),
      },
      preset,
      rules: rules.length > 0 ? rules : undefined,
      root: root === '' ? undefined : root,
      quota: hasQuota ? quota : undefined,
    };
    return [name, stored] as const;
  });
  const document = {
    version: 1,
    secret: secret === undefined ? undefined : base64(secret),
    users: Object.fromEntries(entries),
  };
  const text = `${JSON.stringify(document, undefined, 2)}\n`;
  parseUsers(text, file);
  if (Buffer.byteLength(text) > bounds.usersFile)
    throw new UsersError(`${file} would have more than ${bounds.usersFile} bytes`);
  return text;
}

function checked<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  where: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  const subject = field === null ? 'it' : `"${field}"`;
  // Where valibot has words of its own: a key that is missing, or one that nobody knows.
  const message =
    issue.type === 'strict_object'
      ? issue.received === 'undefined'
        ? 'is missing'
        : issue.expected === 'never'
          ? 'is not known'
          : 'must be an object'
      : issue.received === 'undefined'
        ? 'is missing'
        : issue.message;
  throw new UsersError(`${where}: ${subject} ${message}`);
}

/** The rules of a user in one list. */
export function rulesOf({ preset, rules }: Pick<User, 'preset' | 'rules'>): readonly Rule[] {
  const allow: readonly Permission[] = presets[preset ?? 'none'];
  return preset === undefined ? rules : [{ path: '', allow }, ...rules];
}
