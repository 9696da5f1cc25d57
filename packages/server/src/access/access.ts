import { type ConflictPolicy, FilexError, type Operation } from '@filex/protocol';
import type { AnonymousLevel } from './anonymous.js';
import { isSighted, type Permission, type PermissionSet, Rules } from './permissions.js';
import type { LimitedRoot } from './quota.js';
import { type Quota, rulesOf } from './users-document.js';
import type { UsersFile } from './users-file.js';

/** What somebody wants to do, as far as it matters for whether they may. Paths are the user's own. */
export type AccessRequest =
  | { readonly operation: 'upload'; readonly path: string; readonly ifExists: ConflictPolicy }
  | { readonly operation: 'download' | 'list' | 'stat' | 'makeDirectory' | 'remove'; readonly path: string }
  | {
      readonly operation: 'rename';
      readonly path: string;
      readonly target: string;
      readonly ifExists: ConflictPolicy;
    };

/** How far a permission goes. */
export interface Grant {
  /** The folder of the store that the user sees as `''`. */
  readonly root: string;
  readonly rules: Rules;
  /** Whether nothing may be learnt of what is on that path: every answer is the same, taken or free. */
  readonly blind: boolean;
  /** Of the user; undefined: none. */
  readonly quota: Quota | undefined;
}

/** Decides who may do what: the one place that does. */
export interface Access {
  /** @throws FilexError `PERMISSION_DENIED`. */
  check(principal: string, request: AccessRequest): Grant;
  /** The root of each user who has a quota; the same array until something changes. */
  quotas(): readonly LimitedRoot[];
}

/** Who may do what. */
export interface AccessOptions {
  /** Users with a name; undefined: there are none. */
  readonly users: Pick<UsersFile, 'find' | 'users'> | undefined;
  /** What people may do without a name. */
  readonly anonymous: AnonymousLevel;
}

const ANONYMOUS = 'anonymous';

interface Principal {
  readonly root: string;
  readonly rules: Rules;
  readonly quota: Quota | undefined;
}

/** Decides by the users file as it is at the moment, and for everybody without a name by the level. */
export function createAccess({ users, anonymous }: AccessOptions): Access {
  const nobody: Principal = { root: '', rules: new Rules([]), quota: undefined };
  const stranger = { ...nobody, rules: new Rules(rulesOf({ preset: anonymous, rules: [] })) };
  // By what the file says of them, which is another object after each change.
  const known = new WeakMap<object, Principal>();
  const principalOf = (name: string): Principal => {
    if (name === ANONYMOUS) return stranger;
    const user = users?.find(name);
    if (user === undefined) return nobody;
    let principal = known.get(user);
    if (principal === undefined) {
      const { root, quota } = user;
      const limited = quota.bytes !== undefined || quota.files !== undefined;
      principal = { root, rules: new Rules(rulesOf(user)), quota: limited ? quota : undefined };
      known.set(user, principal);
    }
    return principal;
  };
  let limited: { readonly of: unknown; readonly roots: readonly LimitedRoot[] } = {
    of: undefined,
    roots: [],
  };
  return {
    check(name, request) {
      const { root, rules, quota } = principalOf(name);
      const { path } = request;
      const blind = isBlind(rules.at(path));
      if (isAllowed(rules, request)) return { root, rules, blind, quota };
      const who = name === ANONYMOUS ? 'anonymous users of this server' : `the user ${JSON.stringify(name)}`;
      const level = name === ANONYMOUS ? ` (--anonymous ${anonymous})` : '';
      throw new FilexError('PERMISSION_DENIED', `${who} may not ${phrases[request.operation]}${level}`, {
        path,
      });
    },
    quotas() {
      if (limited.of !== users?.users) {
        const roots = [...(users?.users ?? [])].flatMap(([name]) => {
          const { root, quota } = principalOf(name);
          return quota === undefined ? [] : [{ root, quota }];
        });
        limited = { of: users?.users, roots };
      }
      return limited.roots;
    },
  };
}

function isBlind(allowed: PermissionSet): boolean {
  return allowed.has('create') && !isSighted(allowed);
}

function isAllowed(rules: Rules, request: AccessRequest): boolean {
  const { path } = request;
  const at = rules.at(path);
  switch (request.operation) {
    case 'list':
      return at.has('list');
    case 'stat':
      return isSighted(at);
    case 'download':
      return at.has('read');
    case 'makeDirectory':
      return isBlind(at) ? mayMakeBlindly(rules, path) : at.has('create');
    case 'upload':
      return isBlind(at) ? mayStoreBlindly(rules, path) : mayStore(rules, path, request.ifExists);
    case 'remove':
      return rules.everywhere(path).has('delete');
    case 'rename':
      return mayRename(rules, path, request.target, request.ifExists);
  }
}

function mayStore(rules: Rules, path: string, ifExists: ConflictPolicy): boolean {
  const at = rules.at(path);
  switch (ifExists) {
    case 'fail':
    case 'skip':
      return at.has('create');
    case 'rename':
      return at.has('create') && rules.beside(path).has('create');
    case 'overwrite':
    case 'newer':
      // Which of the two it is, is found out in the same step that does it.
      return at.has('create') && at.has('overwrite');
  }
}

/** Whatever the policy says, nothing is replaced: where something is, it goes beside. */
function mayStoreBlindly(rules: Rules, path: string): boolean {
  return isBlind(rules.beside(path));
}

/** The very folder that a rule is about is not made elsewhere. */
function mayMakeBlindly(rules: Rules, path: string): boolean {
  return rules.depth(path) === path.split('/').length || mayStoreBlindly(rules, path);
}

/** A folder takes along what is below it, and out of reach of the rules that were for that. */
function mayRename(rules: Rules, path: string, target: string, ifExists: ConflictPolicy): boolean {
  const source = rules.everywhere(path);
  // Who cannot look where it is to go would learn by the answer what is there.
  if (!source.has('delete') || !isSighted(rules.at(target)) || !rules.everywhere(target).has('create'))
    return false;
  if (ifExists === 'overwrite' && !rules.at(target).has('overwrite')) return false;
  const seen = rules.anywhere(target);
  return exposing.every((permission) => !seen.has(permission) || source.has(permission));
}

/** What a rename must not bring about, if it was not so before. */
const exposing: readonly Permission[] = ['list', 'read'];

const phrases: Readonly<Record<Operation, string>> = {
  upload: 'upload this',
  download: 'download this',
  list: 'list this folder',
  stat: 'look at this',
  makeDirectory: 'make this folder',
  rename: 'rename this',
  remove: 'remove this',
  digest: 'download this',
};
