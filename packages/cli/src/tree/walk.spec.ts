import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Matcher, type Rule } from './match.js';
import { type Found, type FoundFailure, type FoundFolder, type FoundSkipped, walk } from './walk.js';

const windows = process.platform === 'win32';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'filex-walk-'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function all(options: { follow?: boolean; rules?: Rule[] } = {}): Found[] {
  return [...walk(top, { matcher: new Matcher(options.rules ?? []), follow: options.follow ?? false })];
}

const paths = (found: readonly Found[], kind: 'file' | 'folder'): string[] =>
  found.flatMap((one) => (one.kind === kind ? [one.path] : [])).sort();
const failures = (found: readonly Found[]): FoundFailure[] => found.filter((one) => one.kind === 'failed');
const skips = (found: readonly Found[]): FoundSkipped[] => found.filter((one) => one.kind === 'skipped');

function make(...names: string[]): void {
  for (const name of names) {
    if (name.endsWith('/')) mkdirSync(join(top, name), { recursive: true });
    else {
      mkdirSync(join(top, name, '..'), { recursive: true });
      writeFileSync(join(top, name), name);
    }
  }
}

describe('walk', () => {
  it('finds every file and folder once, and each folder before what is in it', () => {
    const name = fc.constantFrom('a', 'b', '.c', 'd e', '日本');
    const file = fc.array(name, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 12 }), (files) => {
        rmSync(top, { recursive: true });
        mkdirSync(top);
        const expected = new Set<string>();
        const folders = new Set(['']);
        for (const parts of files) {
          for (let i = 1; i < parts.length; i += 1) folders.add(`${parts.slice(0, i).join('/')}-d`);
          // Files and folders get different names, so that none is in the way of another.
          const path = [
            ...parts.slice(0, -1).map((_, i) => `${parts.slice(0, i + 1).join('.')}-d`),
            'f',
          ].join('/');
          expected.add(path);
          make(path);
        }
        const found = all();
        expect(paths(found, 'file')).toEqual([...expected].sort());
        const seen = new Set<FoundFolder | undefined>([undefined]);
        for (const one of found) {
          if (one.kind !== 'file' && one.kind !== 'folder') throw new Error(one.kind);
          expect(seen.has(one.parent)).toBe(true);
          if (one.kind === 'folder') seen.add(one);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('takes dotfiles, empty files and empty folders', () => {
    make('.hidden', '.dir/.x', 'empty/');
    writeFileSync(join(top, 'zero'), '');
    const found = all();
    expect(paths(found, 'file')).toEqual(['.dir/.x', '.hidden', 'zero']);
    expect(paths(found, 'folder')).toEqual(['', '.dir', 'empty']);
  });

  it('tells sizes, and times to the microsecond', () => {
    make('d/f');
    utimesSync(join(top, 'd'), 1, 1_700_000_000.1234574);
    const found = all();
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'folder', path: 'd', mtime: 1_700_000_000_123_457 }),
    );
    expect(found).toContainEqual(expect.objectContaining({ kind: 'file', path: 'd/f', size: 3 }));
    utimesSync(join(top, 'd'), 1, new Date(-1_500));
    expect(all()).toContainEqual(expect.objectContaining({ path: 'd', mtime: -1_500_000 }));
  });

  it('skips symlinks and says so', { skip: windows }, () => {
    make('real/x');
    symlinkSync('real', join(top, 'link'));
    symlinkSync('nowhere', join(top, 'dead'));
    const found = all();
    expect(paths(found, 'file')).toEqual(['real/x']);
    expect(skips(found).map((one) => one.reason)).toEqual(['symlink', 'symlink']);
  });

  it('follows symlinks when told to, dead ones fail alone', { skip: windows }, () => {
    make('real/x');
    symlinkSync('real', join(top, 'link'));
    symlinkSync('nowhere', join(top, 'dead'));
    const found = all({ follow: true });
    expect(paths(found, 'file')).toEqual(['link/x', 'real/x']);
    expect(failures(found).map((one) => one.error.code)).toEqual(['NOT_FOUND']);
  });

  it('does not run in circles', { skip: windows }, () => {
    make('a/b/x');
    symlinkSync('..', join(top, 'a/up'));
    symlinkSync('../..', join(top, 'a/b/top'));
    symlinkSync('.', join(top, 'self'));
    const found = all({ follow: true });
    expect(paths(found, 'file')).toEqual(['a/b/x']);
    expect(skips(found)).toHaveLength(3);
    expect(skips(found)[0]?.detail).toContain('folder that it is in');
  });

  it('takes a folder twice when two symlinks lead to it, as that is no circle', { skip: windows }, () => {
    make('real/x');
    symlinkSync('real', join(top, 'one'));
    symlinkSync('real', join(top, 'two'));
    expect(paths(all({ follow: true }), 'file')).toEqual(['one/x', 'real/x', 'two/x']);
  });

  it('a name that is not UTF-8 fails alone', { skip: process.platform !== 'linux' }, () => {
    make('good');
    writeFileSync(Buffer.concat([Buffer.from(`${top}/bad`), Buffer.from([0xff])]), 'x');
    mkdirSync(Buffer.concat([Buffer.from(`${top}/worse`), Buffer.from([0xc0])]));
    const found = all();
    expect(paths(found, 'file')).toEqual(['good']);
    expect(
      failures(found)
        .map((one) => one.shown)
        .sort(),
    ).toEqual([`${top}/bad\\xff`, `${top}/worse\\xc0`]);
    expect(failures(found)[0]?.error.code).toBe('PATH_INVALID');
  });

  it('pipes and sockets are skipped with what they are', { skip: windows }, () => {
    make('file');
    execFileSync('mkfifo', [join(top, 'pipe')]);
    const found = all();
    expect(skips(found)).toMatchObject([{ reason: 'special', detail: 'a named pipe' }]);
  });

  it('a folder that cannot be read fails alone', { skip: windows || process.getuid?.() === 0 }, () => {
    make('closed/x', 'open/y');
    chmodSync(join(top, 'closed'), 0);
    const found = all();
    chmodSync(join(top, 'closed'), 0o700);
    expect(paths(found, 'file')).toEqual(['open/y']);
    expect(failures(found)[0]?.error.code).toBe('PERMISSION_DENIED');
  });

  it('a folder that vanishes meanwhile fails alone', () => {
    make('gone/', 'stays/x');
    const codes: string[] = [];
    const files: string[] = [];
    for (const one of walk(top, { matcher: new Matcher([]), follow: false })) {
      if (one.kind === 'folder' && one.path === 'gone') rmSync(join(top, 'gone'), { recursive: true });
      if (one.kind === 'failed') codes.push(one.error.code);
      if (one.kind === 'file') files.push(one.path);
    }
    expect(codes).toEqual(['NOT_FOUND']);
    expect(files).toEqual(['stays/x']);
  });

  it('a file that vanishes before it is looked at fails alone or is not there', () => {
    make('a', 'b', 'c');
    const walked = walk(top, { matcher: new Matcher([]), follow: false });
    walked.next();
    const first = walked.next().value as Found;
    for (const name of ['a', 'b', 'c']) {
      if (first.kind === 'file' && first.path !== name) unlinkSync(join(top, name));
    }
    expect([...walked].map((one) => (one.kind === 'failed' ? one.error.code : one.kind))).toEqual([
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
  });

  it('leaves out what the rules say, without looking into it', { skip: windows }, () => {
    make('node_modules/x', 'src/a.ts', 'src/a.log');
    symlinkSync('x', join(top, 'src/l.log'));
    const found = all({
      rules: [
        { action: 'exclude', pattern: 'node_modules/' },
        { action: 'exclude', pattern: '*.log' },
      ],
    });
    expect(paths(found, 'folder')).toEqual(['', 'src']);
    expect(paths(found, 'file')).toEqual(['src/a.ts']);
  });

  it('with includes only, folders are made when something in them is taken', () => {
    make('pics/a.jpg', 'docs/b.txt');
    const found = all({ rules: [{ action: 'include', pattern: '*.jpg' }] });
    expect(paths(found, 'file')).toEqual(['pics/a.jpg']);
    const folders = found.filter((one) => one.kind === 'folder');
    expect(folders.filter((one) => one.taken).map((one) => one.path)).toEqual(['']);
  });

  it('closes the folder when the reader stops early', () => {
    make('a', 'b');
    const walked = walk(top, { matcher: new Matcher([]), follow: false });
    walked.next();
    walked.next();
    expect(walked.return().done).toBe(true);
    expect(walked.next().done).toBe(true);
  });
});
