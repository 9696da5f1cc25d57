import { BLOCK_SIZE, type ConflictPolicy, conflictPolicies } from '@filex/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from './store.js';
import { ModelStore } from './testing/model-store.js';
import {
  commit,
  download as downloadInParts,
  list,
  outcomeOf,
  readWhole,
  stage,
  upload,
} from './testing/transfer.js';

/** A store that is empty, and how to look behind it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** What is staged and not published: must be nothing when no upload is under way. */
  staged(): Promise<readonly string[]>;
  /** Called after `store.close()`. */
  dispose(): Promise<void>;
}

/** In parts, and in one go where that can be had: either gives the same. */
async function download(store: Store, path: string): Promise<string> {
  const content = await downloadInParts(store, path);
  const whole = readWhole(store, path);
  if (whole !== undefined) expect(whole).toEqual({ entry: await store.stat(path), content });
  return content;
}

/** Everything that any implementation of {@link Store} must hold. */
export function storeContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of Store`, () => {
    let subject: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      subject = await makeStore();
      store = subject.store;
    });

    afterEach(async () => {
      expect(await subject.staged()).toEqual([]);
      await store.close();
      await subject.dispose();
    });

    it('does what the model does, whatever is asked in whatever order', async () => {
      const segment = fc.constantFrom('a', 'b', 'c');
      const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('/'));
      const policy = fc.constantFrom<ConflictPolicy>(...conflictPolicies);
      const step = fc.oneof(
        {
          weight: 4,
          arbitrary: fc.tuple(
            fc.constant('upload' as const),
            path,
            fc.constantFrom('x', 'y', 'zz'),
            policy,
            fc.nat(3),
            fc.boolean(),
          ),
        },
        { weight: 3, arbitrary: fc.tuple(fc.constant('makeDirectory' as const), path, fc.boolean()) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('rename' as const), path, path, policy) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), path, fc.boolean()) },
        {
          weight: 1,
          arbitrary: fc.tuple(fc.constantFrom('stat' as const, 'read' as const, 'list' as const), path),
        },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
          const model = new ModelStore();
          try {
            for (const s of steps) {
              const [expected, found] = await perform(model, s);
              expect(found, s.join(' ')).toEqual(expected);
            }
            const files = [...model.nodes].flatMap(([at, node]) =>
              node === undefined ? [] : [[at, node.content]],
            );
            expect((await list(store)).map((entry) => entry.path).sort()).toEqual(
              [...model.nodes.keys()].sort(),
            );
            for (const [at, content] of files) expect(await download(store, at as string)).toBe(content);
          } finally {
            for (const entry of await list(store, '', false))
              await store.remove(entry.path, { recursive: true });
          }
        }),
        { numRuns: 60 },
      );

      type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
      async function perform(model: ModelStore, s: Step): Promise<[unknown, unknown]> {
        switch (s[0]) {
          case 'upload': {
            const [, at, content, ifExists, mtime, whole] = s;
            const done = upload(store, at, content, { ifExists, mtime, whole });
            return [
              model.upload(at, content, ifExists, mtime),
              await outcomeOf(done.then(({ outcome, path: where }) => `${outcome} ${where}`)),
            ];
          }
          case 'makeDirectory': {
            const done = store.makeDirectory(s[1], { parents: s[2], mtime: undefined });
            return [model.makeDirectory(s[1], s[2]), await outcomeOf(done)];
          }
          case 'rename': {
            const done = store.rename(s[1], s[2], { ifExists: s[3] });
            return [model.rename(s[1], s[2], s[3]), await outcomeOf(done)];
          }
          case 'remove':
            return [model.remove(s[1], s[2]), await outcomeOf(store.remove(s[1], { recursive: s[2] }))];
          case 'stat':
            return [model.stat(s[1]), await outcomeOf(store.stat(s[1]).then((entry) => entry.kind))];
          case 'read':
            return [model.read(s[1]), await outcomeOf(download(store, s[1]))];
          case 'list': {
            const paths = list(store, s[1]).then((entries) => entries.map((entry) => entry.path).sort());
            return [model.list(s[1]), await outcomeOf(paths)];
          }
        }
      }
    });

    it('stores any bytes in any pieces, at any time flushed', async () => {
      const piece = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.constant('sync' as const));
      let count = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 10 }), async (pieces) => {
          count += 1;
          const path = `file-${count}`;
          const staged = await stage(store, path, new Uint8Array(0), { tellSize: false });
          const content: Uint8Array[] = [];
          for (const p of pieces) {
            if (p === 'sync') expect(await staged.sync()).toBe(Buffer.concat(content).length);
            else {
              const view = Uint8Array.from(p);
              await staged.write(view, Buffer.concat(content).length);
              view.fill(0xee); // the view is the caller's again
              content.push(p);
            }
          }
          await commit(staged, Buffer.concat(content));
          const file = await store.open(path, { ifMatch: undefined });
          const buffer = Buffer.alloc(file.entry.size + 1);
          expect(await file.read(buffer, 0)).toBe(file.entry.size);
          expect(buffer.subarray(0, -1)).toEqual(Buffer.concat(content));
          await file.close();
        }),
        { numRuns: 25 },
      );
    });

    it('takes what is written at once, whichever comes first', async () => {
      let count = 0;
      const sizes = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(sizes, fc.boolean(), async (sizes, backwards) => {
          count += 1;
          const path = `at-once-${count}`;
          const content = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0)).map((_, i) => i % 251);
          const staged = await stage(store, path, new Uint8Array(0), { tellSize: false });
          let offset = 0;
          const pieces = sizes.map((size) => {
            offset += size;
            return { bytes: content.subarray(offset - size, offset), offset: offset - size };
          });
          if (backwards) pieces.reverse();
          await Promise.all(pieces.map((piece) => staged.write(piece.bytes, piece.offset)));
          expect(await staged.sync()).toBe(content.length);
          await commit(staged, content);
          const file = await store.open(path, { ifMatch: undefined });
          const buffer = Buffer.alloc(content.length);
          expect(await file.read(buffer, 0)).toBe(content.length);
          expect(buffer).toEqual(content);
          await file.close();
        }),
        { numRuns: 25 },
      );
    });

    it('gives a small file in one go only when it is there, small enough, and the version that is wanted', async () => {
      const { etag } = await upload(store, 'a', 'content', { mtime: 5, executable: true });
      await store.makeDirectory('folder', { parents: false, mtime: undefined });
      await upload(store, 'folder/empty', '');
      const isGiven = store.readWhole !== undefined && readWhole(store, 'a') !== undefined;
      const whole = isGiven ? { entry: await store.stat('a'), content: 'content' } : undefined;
      for (const asked of [{}, { ifMatch: etag }, { room: 7 }])
        expect(readWhole(store, 'a', asked), JSON.stringify(asked)).toEqual(whole);
      const empty = isGiven ? { entry: await store.stat('folder/empty'), content: '' } : undefined;
      expect(readWhole(store, 'folder/empty', { room: 0 })).toEqual(empty);
      for (const asked of [{ ifMatch: 'other' }, { room: 6 }, { room: 0 }])
        expect(readWhole(store, 'a', asked), JSON.stringify(asked)).toBeUndefined();
      for (const path of ['', 'folder', 'missing', 'a/b', 'missing/a', '.filex', '.filex/a'])
        expect(readWhole(store, path), path).toBeUndefined();
      // What was looked at before is looked at again.
      await store.rename('folder', 'a folder', { ifExists: 'fail' });
      await upload(store, 'a', 'other', { ifExists: 'overwrite' });
      await new Promise(setImmediate);
      expect(readWhole(store, 'folder/empty')).toBeUndefined();
      expect(readWhole(store, 'a', { ifMatch: etag })).toBeUndefined();
      expect(readWhole(store, 'a')?.content).toBe(isGiven ? 'other' : undefined);
    });

    it('forgets what it is told to drop of an upload, and goes on there', async () => {
      const whole = Buffer.alloc(BLOCK_SIZE + 3, 'a');
      const staged = await stage(store, 'a', whole, { tellSize: false });
      expect(await staged.sync()).toBe(whole.length);
      await staged.truncate(BLOCK_SIZE);
      await staged.write(Buffer.from('bc'), BLOCK_SIZE);
      const content = Buffer.concat([whole.subarray(0, BLOCK_SIZE), Buffer.from('bc')]);
      await commit(staged, content);
      expect(await download(store, 'a')).toBe(content.toString());
    });

    it('shows nothing of an upload before its commit, and nothing after its abort', async () => {
      const staged = await stage(store, 'a.txt', Buffer.from('content'));
      expect(await list(store)).toEqual([]);
      expect(await outcomeOf(store.stat('a.txt'))).toBe('NOT_FOUND');
      expect(await outcomeOf(store.open('a.txt', { ifMatch: undefined }))).toBe('NOT_FOUND');
      expect(await subject.staged()).toHaveLength(1);
      await staged.abort();
      expect(await list(store)).toEqual([]);
      expect(await subject.staged()).toEqual([]);
    });

    it('leaves nothing behind when a commit is refused', async () => {
      const staged = await stage(store, 'a.txt', Buffer.from('longer'), { tellSize: false });
      await upload(store, 'a.txt', 'first');
      expect(await outcomeOf(commit(staged, Buffer.from('longer')))).toBe('ALREADY_EXISTS');
      const short = await stage(store, 'b.txt', Buffer.from('abc'));
      expect(await outcomeOf(commit(short, Buffer.from('abcd')))).toBe('LENGTH_MISMATCH');
      expect(await subject.staged()).toEqual([]);
      expect((await list(store)).map((entry) => entry.path)).toEqual(['a.txt']);
    });

    it('refuses before the transfer what it would refuse after it', async () => {
      await upload(store, 'file', 'content', { mtime: 1000 });
      await store.makeDirectory('folder', { parents: false, mtime: undefined });
      const begin = (path: string, settings: Parameters<typeof stage>[3]) =>
        outcomeOf(stage(store, path, Buffer.from('other!!!'), settings));
      expect(await begin('file', {})).toBe('ALREADY_EXISTS'); // another size cannot be the same file
      expect(await begin('file', { ifExists: 'skip', tellSize: false })).toBe('ALREADY_EXISTS');
      expect(await begin('file', { ifExists: 'newer', mtime: 1000 })).toBe('ALREADY_EXISTS');
      expect(await begin('folder', { ifExists: 'overwrite' })).toBe('IS_A_DIRECTORY');
      expect(await begin('missing/file', {})).toBe('PARENT_NOT_FOUND');
      expect(await begin('file/file', {})).toBe('NOT_A_DIRECTORY');
    });

    it('lets exactly one of two hundred writers have a name, whole', async () => {
      await race('fail', 1);
    });

    it('gives two hundred writers a name each when asked to rename', async () => {
      await race('rename', 200);
    });

    it('keeps the whole file of one writer when many overwrite', async () => {
      const contents = Array.from({ length: 50 }, (_, i) => Buffer.alloc(20_000, i));
      const staged = await Promise.all(contents.map((c) => stage(store, 'a', c, { ifExists: 'overwrite' })));
      const outcomes = await Promise.all(staged.map((s, i) => commit(s, contents[i] as Buffer)));
      expect(outcomes.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
      const found = await download(store, 'a');
      expect(contents.some((content) => content.toString() === found)).toBe(true);
      expect(await list(store)).toHaveLength(1);
    });

    async function race(ifExists: ConflictPolicy, winners: number): Promise<void> {
      const contents = Array.from({ length: 200 }, (_, i) => Buffer.from(`writer ${i} `.repeat(1000)));
      const staged = await Promise.all(contents.map((c) => stage(store, 'a.txt', c, { ifExists })));
      const results = await Promise.all(staged.map((s, i) => outcomeOf(commit(s, contents[i] as Buffer))));
      const won = results.flatMap((result, i) =>
        typeof result === 'string' ? [] : [[result.path, contents[i]?.toString()] as const],
      );
      expect(won).toHaveLength(winners);
      expect(new Set(results.filter((result) => typeof result === 'string'))).toEqual(
        new Set(winners === 200 ? [] : ['ALREADY_EXISTS']),
      );
      for (const [path, content] of won) expect(await download(store, path)).toBe(content);
      expect((await list(store)).map((entry) => entry.path).sort()).toEqual(won.map(([path]) => path).sort());
    }

    it('moves one of many to a name, and leaves the others where they are', async () => {
      const names = Array.from({ length: 40 }, (_, i) => `source-${i}`);
      for (const folders of [false, true]) {
        for (const name of names) {
          if (folders) await store.makeDirectory(name, { parents: false, mtime: undefined });
          else await upload(store, name, name);
        }
        const results = await Promise.all(
          names.map((n) => outcomeOf(store.rename(n, 'target', { ifExists: 'fail' }))),
        );
        expect(results.filter((result) => result === 'renamed')).toHaveLength(1);
        const losers = names.filter((_, i) => results[i] !== 'renamed');
        expect((await list(store)).map((entry) => entry.path).sort()).toEqual([...losers, 'target'].sort());
        for (const entry of await list(store)) await store.remove(entry.path, { recursive: true });
      }
    });

    it('makes the same folders for many at once', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, () => store.makeDirectory('a/b/c', { parents: true, mtime: undefined })),
      );
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(await list(store)).toHaveLength(3);
    });

    it('holds any valid name', async () => {
      const plain = [
        'with space',
        "it's",
        '-rf',
        '--',
        '.hidden',
        '..hidden',
        '日本語',
        '🎉 party',
        'é',
        'ö',
        'x'.repeat(255),
      ];
      const wild = [
        'say "hi"',
        'new\nline',
        'tab\t',
        'a:b',
        'a\\b',
        '*?<>|',
        'trailing.',
        'trailing ',
        '\u001b[31m',
        'con',
      ];
      const names = process.platform === 'win32' ? plain : [...plain, ...wild];
      for (const name of names) {
        await store.makeDirectory(`in ${name.slice(0, 100)}`, { parents: false, mtime: undefined });
        expect((await upload(store, `in ${name.slice(0, 100)}/${name}`, name)).outcome).toBe('created');
      }
      const files = (await list(store)).filter((entry) => entry.kind === 'file');
      expect(files.map((file) => file.path.slice(file.path.indexOf('/') + 1)).sort()).toEqual(
        [...names].sort(),
      );
      for (const file of files)
        expect(await download(store, file.path)).toBe(file.path.slice(file.path.indexOf('/') + 1));
    });

    it('keeps numbered names within 255 bytes', async () => {
      const name = `${'é'.repeat(125)}.txt`;
      await upload(store, name, 'one');
      const { path } = await upload(store, name, 'two', { ifExists: 'rename' });
      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(255);
      expect(path).toMatch(/^é+ \(1\)\.txt$/);
    });

    it('refuses what is no path', async () => {
      const bad = ['/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a/./b', 'a\0b', 'x'.repeat(256), '\ud800'];
      for (const path of bad) {
        expect(await outcomeOf(store.stat(path)), path).toBe('PATH_INVALID');
        expect(await outcomeOf(upload(store, path, 'x')), path).toBe('PATH_INVALID');
        expect(await outcomeOf(store.rename('a', path, { ifExists: 'fail' })), path).toBe('PATH_INVALID');
      }
    });

    it('keeps hands off the root', async () => {
      expect(await store.stat('')).toMatchObject({ path: '', kind: 'directory' });
      expect(await store.makeDirectory('', { parents: true, mtime: undefined })).toBe('identical');
      expect(await outcomeOf(store.remove('', { recursive: true }))).toBe('PERMISSION_DENIED');
      expect(await outcomeOf(store.rename('', 'x', { ifExists: 'fail' }))).toBe('PERMISSION_DENIED');
      expect(await outcomeOf(upload(store, '', 'x'))).toBe('PERMISSION_DENIED');
      expect(await outcomeOf(download(store, ''))).toBe('IS_A_DIRECTORY');
    });

    it('keeps times to the microsecond and the executable bit', async () => {
      await upload(store, 'old', 'x', { mtime: -86_400_000_001, executable: true });
      await upload(store, 'new', 'x', { mtime: 1_732_318_000_123_457 });
      await store.makeDirectory('folder', { parents: false, mtime: 1_600_000_000_000_001 });
      expect(await store.stat('old')).toMatchObject({
        mtime: -86_400_000_001,
        executable: process.platform !== 'win32',
        size: 1,
        kind: 'file',
      });
      expect(await store.stat('new')).toMatchObject({ mtime: 1_732_318_000_123_457, executable: false });
      expect(await store.stat('folder')).toMatchObject({
        mtime: 1_600_000_000_000_001,
        kind: 'directory',
        size: 0,
      });
      await store.makeDirectory('folder', { parents: false, mtime: 5 });
      expect(await store.stat('folder')).toMatchObject({ mtime: 5 });
    });

    it('gives another etag to another content, and reads only the one asked for', async () => {
      const first = await upload(store, 'a', 'one', { mtime: 1000 });
      const entry = await store.stat('a');
      expect(entry.etag).toBe(first.etag);
      expect((await list(store))[0]?.etag).toBe(first.etag);
      await (await store.open('a', { ifMatch: first.etag })).close();
      const second = await upload(store, 'a', 'two', { ifExists: 'overwrite', mtime: 1000 });
      expect(second).toMatchObject({ outcome: 'replaced', path: 'a' });
      expect(second.etag).not.toBe(first.etag);
      expect(await outcomeOf(store.open('a', { ifMatch: first.etag }))).toBe('PRECONDITION_FAILED');
      const third = await upload(store, 'a', 'two');
      expect(third).toMatchObject({ outcome: 'identical', path: 'a', etag: second.etag });
    });

    it('reads the version that was opened, or says that it cannot', async () => {
      await upload(store, 'a', 'one');
      const file = await store.open('a', { ifMatch: undefined });
      await upload(store, 'a', 'two', { ifExists: 'overwrite' });
      const buffer = Buffer.alloc(3);
      const read = async () => {
        await file.read(buffer, 0);
        await file.verify();
        return buffer.toString();
      };
      expect(['one', 'SOURCE_CHANGED']).toContain(await outcomeOf(read()));
      expect(await file.read(buffer, 3).catch(() => 0)).toBe(0);
      await file.close();
    });

    it('lists large folders and deep trees, folders before what is in them', async () => {
      await store.makeDirectory('a/b/c/d', { parents: true, mtime: undefined });
      await Promise.all(Array.from({ length: 500 }, (_, i) => upload(store, `a/b/file-${i}`, 'x')));
      const paths = (await list(store)).map((entry) => entry.path);
      expect(paths).toHaveLength(504);
      expect(new Set(paths).size).toBe(504);
      for (const [index, path] of paths.entries()) {
        const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
        if (folder !== '') expect(paths.indexOf(folder)).toBeLessThan(index);
      }
      expect((await list(store, 'a/b', false)).map((entry) => entry.path)).toContain('file-499');
      expect(await list(store, 'a/b', false)).toHaveLength(501);
      expect(await list(store, 'a/b/c/d')).toEqual([]);
    });

    it('tells small files in one piece and staged ones apart by nothing, however many come at once', async () => {
      await store.makeDirectory('a/b', { parents: true, mtime: undefined });
      const names = Array.from({ length: 200 }, (_, i) => `a/${i % 2 === 0 ? 'b/' : ''}file-${i % 150}`);
      const policies = names.map((_, i) => conflictPolicies[i % conflictPolicies.length] as ConflictPolicy);
      const done = await Promise.all(
        names.map((name, i) => {
          const settings = {
            ifExists: policies[i] as ConflictPolicy,
            mtime: 1_000_000 * i,
            whole: i % 3 > 0,
          };
          return upload(store, name, `${i}`, { ...settings, executable: i % 2 === 0 }).then(
            (outcome) => ({ outcome, i }),
            (error: { code: string }) => error.code,
          );
        }),
      );
      expect(new Set(done.filter((each) => typeof each === 'string'))).toEqual(new Set(['ALREADY_EXISTS']));
      let found = 0;
      for (const each of done) {
        if (typeof each === 'string') continue;
        const { path, etag } = each.outcome;
        const entry = await store.stat(path);
        if (entry.etag !== etag) continue; // replaced since
        found += 1;
        expect(entry).toMatchObject({ mtime: 1_000_000 * each.i, executable: each.i % 2 === 0 });
        expect(await download(store, path)).toBe(`${each.i}`);
      }
      expect(found).toBeGreaterThan(140);
    });

    it('can stop listing at any entry', async () => {
      await Promise.all(Array.from({ length: 100 }, (_, i) => upload(store, `file-${i}`, 'x')));
      for await (const entry of store.list('', { recursive: true })) {
        expect(entry.kind).toBe('file');
        break;
      }
    });
  });
}
