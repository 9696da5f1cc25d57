import { prepare } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessBounds } from './bounds.js';
import { type Preset, permissions, presets } from './permissions.js';
import { anyPath, anyRules } from './testing/arbitraries.js';
import { formatUsers, parseUsers, rootFault, type User, userNameFault } from './users-document.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const count = fc.option(fc.maxSafeNat(), { nil: undefined });
const anyName = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('ann', '__proto__', 'constructor', 'Ünï'),
  )
  .map((name) => prepare(name) ?? 'x')
  .filter((name) => userNameFault(name) === undefined);

const anyUsers = fc.integer({ min: 4096, max: accessBounds.verifierIterations }).chain((iterations) => {
  const verifier = fc.record({
    salt: bytes(16),
    iterations: fc.constant(iterations),
    storedKey: bytes(32),
    serverKey: bytes(32),
  });
  const user: fc.Arbitrary<User> = fc
    .record({
      verifier,
      preset: fc.option(fc.constantFrom(...(Object.keys(presets) as Preset[])), { nil: undefined }),
      rules: anyRules,
      root: anyPath,
      quota: fc.record({ bytes: count, files: count }),
    })
    .map((given) =>
      given.preset === undefined
        ? given
        : { ...given, rules: given.rules.filter((rule) => rule.path !== '') },
    );
  return fc.array(fc.tuple(anyName, user), { maxLength: 5 }).map((entries) => new Map(entries));
});

const key = Buffer.alloc(32).toString('base64');
const verifier = {
  salt: Buffer.alloc(16).toString('base64'),
  iterations: 4096,
  storedKey: key,
  serverKey: key,
};
const withUser = (user: unknown, name = 'ann') => JSON.stringify({ version: 1, users: { [name]: user } });

describe('a users file', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.option(bytes(32), { nil: undefined }), anyUsers, (secret, users) => {
        const read = parseUsers(formatUsers({ secret, users }, 'f'), 'f');
        expect(read.secret && Buffer.from(read.secret)).toEqual(secret && Buffer.from(secret));
        expect([...read.users.keys()].sort()).toEqual([...users.keys()].sort());
        for (const [name, user] of users) {
          const { verifier: expected, ...rest } = user;
          const { verifier: found, ...others } = read.users.get(name) as User;
          expect(others).toEqual(rest);
          for (const part of ['salt', 'storedKey', 'serverKey'] as const)
            expect(Buffer.from(found[part])).toEqual(Buffer.from(expected[part]));
        }
      }),
    );
  });

  it('is refused with words, whatever is in it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => parseUsers(text, 'file')).toThrow(expect.objectContaining({ name: 'UsersError' }));
        expect(() => parseUsers(text, 'file')).toThrow(/^file/);
      }),
    );
  });

  it.each<[string, string]>([
    ['file is not JSON', '{'],
    ['file: "version" must be 1, the only version there is', '{"version": 2, "users": {}}'],
    ['file: "users" is missing', '{"version": 1}'],
    ['file: "users" must be an object with the users by name', '{"version": 1, "users": []}'],
    ['file: "extra" is not known', '{"version": 1, "users": {}, "extra": 1}'],
    ['file: "secret" must be base64 of 32 bytes', '{"version": 1, "users": {}, "secret": "AAAA"}'],
    ['file: user "ann": "verifier" is missing', withUser({})],
    [
      'file: user "ann": "verifier.salt" must be base64 of 16 bytes',
      withUser({ verifier: { ...verifier, salt: 'AAAA' } }),
    ],
    [
      'file: user "ann": "verifier.storedKey" must be base64',
      withUser({ verifier: { ...verifier, storedKey: '!' } }),
    ],
    [
      'file: user "ann": "verifier.iterations" must be a whole number from 4096 to 1000000',
      withUser({ verifier: { ...verifier, iterations: 4095 } }),
    ],
    ['file: user "ann": "passcode" is not known', withUser({ verifier, passcode: 'x' })],
    [
      `file: user "ann": "preset" must be one of ${Object.keys(presets).join(', ')}`,
      withUser({ verifier, preset: 'all' }),
    ],
    [
      'file: user "ann": "rules.0.path" is refused: it begins with "/"',
      withUser({ verifier, rules: [{ path: '/a', allow: [] }] }),
    ],
    [
      `file: user "ann": "rules.0.allow.0" must be one of ${permissions.join(', ')}`,
      withUser({ verifier, rules: [{ path: 'a', allow: ['write'] }] }),
    ],
    [
      'file: user "ann": "rules" must not have two rules for one path',
      withUser({
        verifier,
        rules: [
          { path: 'a', allow: [] },
          { path: 'a', allow: [] },
        ],
      }),
    ],
    [
      'file: user "ann": "preset" is the rule for "": there cannot be another one',
      withUser({ verifier, preset: 'read', rules: [{ path: '', allow: [] }] }),
    ],
    ['file: user "ann": "root" is refused: a part of it is ".."', withUser({ verifier, root: 'a/../..' })],
    [
      'file: user "ann": "root" is refused: .filex is the own folder of the store',
      withUser({ verifier, root: '.FILEX/x' }),
    ],
    [
      'file: user "ann": "quota.bytes" must be a whole number from 0 to 9007199254740991',
      withUser({ verifier, quota: { bytes: -1 } }),
    ],
    ['file: user "anonymous": "anonymous" is who gives no name', withUser({ verifier }, 'anonymous')],
    [
      'file: user "bob": verifier.iterations must be the same for all users (4096), or it tells who exists',
      JSON.stringify({
        version: 1,
        users: { ann: { verifier }, bob: { verifier: { ...verifier, iterations: 5000 } } },
      }),
    ],
  ])('is refused: %s', (message, text) => {
    expect(() => parseUsers(text, 'file')).toThrow(expect.objectContaining({ name: 'UsersError', message }));
  });

  it('has so many users and rules at most', () => {
    const users = Object.fromEntries(
      Array.from({ length: accessBounds.users + 1 }, (_, i) => [`u${i}`, { verifier }]),
    );
    expect(() => parseUsers(JSON.stringify({ version: 1, users }), 'file')).toThrow('more than 10000 users');
    const rules = Array.from({ length: accessBounds.rulesOfUser + 1 }, (_, i) => ({
      path: `p${i}`,
      allow: [],
    }));
    expect(() => parseUsers(withUser({ verifier, rules }), 'file')).toThrow('more than 256 rules');
  });
});

describe('the name of a user', () => {
  it.each(['ann', 'Ann Other', 'ünïcödé', 'a@b.c', '名前', 'x'.repeat(64)])('can be %s', (name) => {
    expect(userNameFault(name)).toBeUndefined();
  });

  it.each([
    '',
    ' ',
    ' ann',
    'a\nb',
    'a\u001b[31m',
    'a\u202eb',
    'a\u200bb',
    'ﬁ',
    'a\u00a0b',
    'x'.repeat(65),
    'anonymous',
    'Anonymous',
  ])('cannot be %j', (name) => {
    expect(userNameFault(name)).toBeDefined();
  });
});

it('the root of a user can be any folder but that of the store', () => {
  for (const root of ['', 'a', 'a/b', 'a/.filex', '.filexx']) expect(rootFault(root)).toBeUndefined();
  for (const root of ['.filex', '.FileX/a', '/a', 'a/', 'a//b', '..', '.', 'a/\0'])
    expect(rootFault(root)).toBeDefined();
});
