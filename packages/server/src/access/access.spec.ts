import { conflictPolicies, type FilexError, type Operation, operations } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Access, type AccessRequest, createAccess } from './access.js';
import { anonymousLevels } from './anonymous.js';
import { type Permission, presets, type Rule, Rules } from './permissions.js';
import { anyPath, anyRules, joined } from './testing/arbitraries.js';
import { fakeUsers } from './testing/fake-users.js';

const all = operations.filter((operation) => operation !== undefined && operation !== 'digest'); // which is asked for as a download

function request(operation: Operation, path = 'a', ifExists = 'fail' as const): AccessRequest {
  return { operation, path, ifExists, target: 'b' } as AccessRequest;
}

function accessFor(rules: readonly Rule[]): Access {
  return createAccess({ users: fakeUsers({ ann: { rules } }), anonymous: 'none' });
}

function allows(access: Access, asked: AccessRequest, principal = 'ann'): boolean {
  try {
    access.check(principal, asked);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', path: asked.path });
    return false;
  }
}

describe('what may be done without a name', () => {
  const allowed: Record<string, readonly Operation[]> = {
    none: [],
    read: ['download', 'list', 'stat'],
    drop: ['upload', 'makeDirectory'],
    write: all,
  };

  it.each(anonymousLevels)('%s allows what it says, and nothing else', (anonymous) => {
    const access = createAccess({ users: undefined, anonymous });
    const may = all.filter((operation) => allows(access, request(operation), 'anonymous'));
    expect([...may].sort()).toEqual([...(allowed[anonymous] as Operation[])].sort());
  });

  it('says what is not allowed, and which flag says so', () => {
    const access = createAccess({ users: undefined, anonymous: 'read' });
    expect(() => access.check('anonymous', request('remove'))).toThrow(
      'anonymous users of this server may not remove this (--anonymous read)',
    );
  });

  it('is nothing for a name that nobody has, and is not what those with a name may do', () => {
    const access = createAccess({ users: fakeUsers({ ann: { preset: 'read' } }), anonymous: 'write' });
    for (const operation of all) expect(allows(access, request(operation), 'eve')).toBe(false);
    expect(all.filter((operation) => allows(access, request(operation)))).toEqual([
      'download',
      'list',
      'stat',
    ]);
    const withoutUsers = createAccess({ users: undefined, anonymous: 'write' });
    expect(allows(withoutUsers, request('list'), 'ann')).toBe(false);
  });
});

describe('what may be done', () => {
  it.each<[string, Permission[], AccessRequest]>([
    ['list', ['list'], request('list')],
    ['download', ['read'], request('download')],
    ['make a folder', ['list', 'create'], request('makeDirectory')],
    ['upload what is new', ['list', 'create'], request('upload')],
    ['replace', ['list', 'create', 'overwrite'], { operation: 'upload', path: 'a', ifExists: 'overwrite' }],
    [
      'replace what is older',
      ['read', 'create', 'overwrite'],
      { operation: 'upload', path: 'a', ifExists: 'newer' },
    ],
    ['remove', ['list', 'delete'], request('remove')],
    ['rename', ['list', 'create', 'delete'], request('rename')],
    [
      'rename to a name that is taken',
      ['list', 'create', 'overwrite', 'delete'],
      { operation: 'rename', path: 'a', target: 'b', ifExists: 'overwrite' },
    ],
  ])('to %s takes all of %j', (_what, needed, asked) => {
    expect(allows(accessFor([{ path: '', allow: needed }]), asked)).toBe(true);
    for (const missing of needed) {
      const rest = needed.filter((permission) => permission !== missing);
      const sighted = rest.includes('list') || rest.includes('read');
      // Who cannot see may create in another way.
      const quietly = asked.operation === 'upload' || asked.operation === 'makeDirectory';
      if (sighted || !quietly)
        expect(allows(accessFor([{ path: '', allow: rest }]), asked), missing).toBe(false);
    }
  });

  it('to look at something takes one of two', () => {
    expect(allows(accessFor([{ path: '', allow: ['list'] }]), request('stat'))).toBe(true);
    expect(allows(accessFor([{ path: '', allow: ['read'] }]), request('stat'))).toBe(true);
    expect(allows(accessFor([{ path: '', allow: ['create', 'overwrite', 'delete'] }]), request('stat'))).toBe(
      false,
    );
  });

  it('in a letter box is to upload and to make folders, under any policy, without a difference', () => {
    const access = accessFor([{ path: '', allow: ['create', 'overwrite', 'delete'] }]);
    expect(all.filter((operation) => allows(access, request(operation)))).toEqual([
      'upload',
      'makeDirectory',
    ]);
    for (const ifExists of conflictPolicies)
      expect(access.check('ann', { operation: 'upload', path: 'a', ifExists }).blind).toBe(true);
  });

  it('is not to use the very name of a letter box, beside which something could be seen', () => {
    const access = accessFor([
      { path: '', allow: presets.read },
      { path: 'box', allow: presets.drop },
    ]);
    expect(allows(access, request('upload', 'box'))).toBe(false);
    expect(allows(access, request('makeDirectory', 'box'))).toBe(true);
    expect(allows(access, request('upload', 'box/a'))).toBe(true);
    const all = accessFor([
      { path: '', allow: presets.write },
      { path: 'box', allow: presets.drop },
    ]);
    expect(allows(all, { operation: 'rename', path: 'a', target: 'b/c', ifExists: 'fail' })).toBe(true);
    expect(allows(all, { operation: 'rename', path: 'a', target: 'box/c', ifExists: 'fail' })).toBe(false);
    const numbered = accessFor([
      { path: '', allow: presets.drop },
      { path: 'a (1)', allow: presets.read },
    ]);
    expect(allows(numbered, request('upload', 'a'))).toBe(false);
    expect(allows(numbered, request('makeDirectory', 'a'))).toBe(false);
    expect(allows(numbered, request('upload', 'a/b'))).toBe(false);
  });

  it('is not to remove or rename a folder with something protected in it', () => {
    const access = accessFor([
      { path: '', allow: presets.write },
      { path: 'a/secret', allow: presets.read },
    ]);
    expect(allows(access, request('remove', 'a'))).toBe(false);
    expect(allows(access, request('remove', 'A'))).toBe(false);
    expect(allows(access, request('remove', 'a/other'))).toBe(true);
    expect(allows(access, request('rename', 'a'))).toBe(false);
    expect(allows(access, { operation: 'rename', path: 'c', target: 'a', ifExists: 'fail' })).toBe(false);
  });

  it('is never a rename that shows what could not be seen, or puts something where that is not allowed', () => {
    let allowed = 0;
    fc.assert(
      fc.property(anyRules, anyPath, anyPath, anyPath, (given, path, target, below) => {
        fc.pre(path !== '' && target !== '');
        const rules = new Rules(given);
        if (!allows(accessFor(given), { operation: 'rename', path, target, ifExists: 'fail' })) return;
        allowed += 1;
        const before = rules.at(joined(path, below));
        const after = rules.at(joined(target, below));
        expect(before.has('delete')).toBe(true);
        expect(after.has('create')).toBe(true);
        for (const seen of ['list', 'read'] as const)
          if (after.has(seen)) expect(before.has(seen)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(allowed).toBeGreaterThan(50);
  });

  it('follows the users as they are now', () => {
    const users = fakeUsers({ ann: { preset: 'write' } });
    const access = createAccess({ users, anonymous: 'none' });
    expect(allows(access, request('remove'))).toBe(true);
    users.set({ ann: { preset: 'read', root: 'people/ann', quota: { bytes: 1, files: undefined } } });
    expect(allows(access, request('remove'))).toBe(false);
    expect(access.check('ann', request('list'))).toMatchObject({ root: 'people/ann', quota: { bytes: 1 } });
    expect(access.quotas()).toEqual([{ root: 'people/ann', quota: { bytes: 1, files: undefined } }]);
    expect(access.quotas()).toBe(access.quotas());
    users.set({});
    expect(allows(access, request('list'))).toBe(false);
    expect(access.quotas()).toEqual([]);
  });

  it('is told with who may not do what', () => {
    const told = (): FilexError => {
      try {
        accessFor([]).check('ann', request('download', 'x/y'));
        throw new Error('not refused');
      } catch (error) {
        return error as FilexError;
      }
    };
    expect(told()).toMatchObject({ message: 'the user "ann" may not download this', path: 'x/y' });
  });
});
