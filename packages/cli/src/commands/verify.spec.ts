import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeProcess } from '../testing/fake-io.js';
import { type LineOptions, lineFor } from '../testing/receipts.js';
import { fingerprints } from '../testing/secure-server.js';
import { plant, temporaryFolder } from '../testing/temporary-folder.js';

/** A user who knows the key of `nas`, with these receipts, and files beside them. */
function having(lines: readonly string[], files: Record<string, string> = {}, known = fingerprints.own) {
  const folder = temporaryFolder();
  const state = join(folder, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'known_hosts'), `nas:12345 ${known}\n`, { mode: 0o600 });
  const receipts = join(folder, 'receipts');
  writeFileSync(receipts, lines.map((line) => `${line}\n`).join(''));
  plant(folder, files);
  const it = fakeProcess({ stateDirectory: state });
  const verify = (against?: string, ...flags: string[]) =>
    it.run('verify', ...flags, receipts, ...(against === undefined ? [] : [join(folder, against)]));
  return { it, verify, receipts };
}

const line = (path = 'photos/a.jpg', content = 'A', options: LineOptions = {}) =>
  lineFor(path, content, options);

describe('verify', () => {
  it('says who received what, and when, and connects to nobody', async () => {
    const { it, verify } = having([line()]);
    expect(await verify()).toBe(0);
    expect(it.stdout()).toMatch(
      /^good {3}photos\/a\.jpg {2}1 B {2}sha256:[0-9a-f]{64} {2}received by nas:12345 from ann at 2023-11-14T22:13:20\.123456Z\n$/,
    );
    expect(it.connected).toEqual([]);
  });

  it.each<[string, string[], string[], number]>([
    ['is 12 for what is no receipt', ['nonsense'], [], 12],
    ['is 12 for a receipt that was changed', [line().replace('"size":1', '"size":2')], [], 12],
    ['is 12 for nothing at all', [], [], 12],
    ['is 13 for the key of another server', [line(undefined, undefined, { key: 'other' })], [], 13],
    ['is 13 for a key that was not named', [line()], ['--fp', fingerprints.other], 13],
    [
      'is 0 for the key that was named',
      [line(undefined, undefined, { key: 'other' })],
      ['--fp', fingerprints.other],
      0,
    ],
    ['is 12 when there is both', [line(undefined, undefined, { key: 'other' }), 'nonsense'], [], 12],
    ['is 2 for what is no fingerprint', [line()], ['--fp', 'sha256:abc'], 2],
  ])('%s', async (_, lines, flags, exit) => {
    const { verify } = having(lines);
    expect(await verify(undefined, ...flags)).toBe(exit);
  });

  it('is 13 for a server that is not known', async () => {
    const { it, verify } = having([line('a', 'A', { url: { ...nas, host: 'elsewhere' } })]);
    expect(await verify()).toBe(13);
    expect(it.stdout()).toContain('no key of elsewhere:12345 is known here');
  });

  it('is 4 for receipts, or a file, that are not there', async () => {
    const { it, verify } = having([line()]);
    expect(await verify('nothing')).toBe(4);
    expect(await it.run('verify', '/nonexistent/receipts')).toBe(4);
  });

  const files = { 'photos/a.jpg': 'A', 'photos/deep/b.jpg': 'B', 'other.jpg': 'X' };
  const both = [line(), line('photos/deep/b.jpg', 'B')];

  it.each<[string, string[], string, number]>([
    ['the folder that was uploaded', both, 'photos', 0],
    ['the folder that this is in', both, '.', 0],
    ['the one file', [line()], 'photos/a.jpg', 0],
    ['the one file under another name', [line('x', 'X')], 'other.jpg', 0],
    ['one file of several', both, 'photos/deep/b.jpg', 0],
    ['another file', [line()], 'other.jpg', 12],
    ['a folder in which one is another', [line(), line('photos/deep/b.jpg', 'C')], 'photos', 12],
    ['a folder in which one is missing', [...both, line('photos/c.jpg', 'C')], 'photos', 12],
    ['a file that no receipt is for', both, 'other.jpg', 2],
    ['a folder, by a name that leads out of it', [line('a', 'X', { file: '../other.jpg' })], 'photos', 12],
  ])('compares %s', async (_, lines, against, exit) => {
    const { verify } = having(lines, files);
    expect(await verify(against)).toBe(exit);
  });

  it('compares with the last receipt of a path only, and with none that somebody else has signed', async () => {
    const lines = [
      line('photos/a.jpg', 'old', { time: 1 }),
      line('photos/a.jpg', 'A', { time: 3 }),
      line('photos/a.jpg', 'older', { time: 2 }),
    ];
    expect(await having(lines, files).verify('photos')).toBe(0);
    expect(await having([...lines, line('photos/a.jpg', 'new', { time: 4 })], files).verify('photos')).toBe(
      12,
    );
    const forged = line('photos/a.jpg', 'A', { time: 4, key: 'other' });
    const { it, verify } = having([line('photos/a.jpg', 'C', { time: 3 }), forged], files);
    expect(await verify('photos')).toBe(12);
    expect(it.stdout()).toMatch(/^WRONG .*the file is another one\nUNKNOWN KEY/);
  });

  it('compares the file whose path fits best, of those that have one name', async () => {
    const lines = [line('x/a.jpg', 'other'), line()];
    expect(await having(lines, files).verify('photos/a.jpg')).toBe(0);
  });

  it('tells programs', async () => {
    const { it, verify } = having([line(), 'nonsense'], files);
    expect(await verify('photos', '--json')).toBe(12);
    const [good, wrong, summary] = it.events();
    expect(good).toMatchObject({
      event: 'receipt',
      line: 1,
      status: 'good',
      content: 'same',
      path: 'photos/a.jpg',
    });
    expect(wrong).toEqual({
      v: 1,
      event: 'receipt',
      line: 2,
      status: 'wrong',
      reason: 'it is no line of a file of receipts',
    });
    expect(summary).toEqual({ v: 1, event: 'summary', exit: 12, good: 1, wrong: 1, unknownKey: 0 });
  });

  it('shows no control characters of those who have signed', async () => {
    const { it, verify } = having([line('a\u001b[2J', 'A', { file: 'a', principal: '\u009b' })]);
    expect(await verify()).toBe(0);
    for (const character of ['\u001b', '\u009b']) expect(it.stdout()).not.toContain(character);
  });

  it('with -q says only what is not good', async () => {
    const { it, verify } = having([line(), 'nonsense']);
    await verify(undefined, '-q');
    expect(it.stdout()).toBe('WRONG  line 2; it is no line of a file of receipts\n');
  });
});

const nas = {
  scheme: 'filex',
  host: 'nas',
  port: 12345,
  path: '',
  trailingSlash: true,
  user: undefined,
  fingerprint: undefined,
} as const;
