import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../../errors.js';
import { type ConflictPolicy, conflictPolicies } from '../../vocabulary.js';
import { modificationTime } from './file-times.js';
import { createPublishingContext, type PublishOptions, StagedFile, stagingName } from './staged-file.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

const root = temporaryFolder();
const staging = join(root, 'staging');
mkdirSync(staging);
const context = createPublishingContext((error) => expect.fail(String(error)));

let count = 0;
/** A new folder to publish into. */
const folder = (): string => {
  count += 1;
  const path = join(root, `folder-${count}`);
  mkdirSync(path);
  return path;
};
const stage = (): Promise<StagedFile> =>
  StagedFile.create({ path: join(staging, stagingName()), label: 'docs/a.txt', context });
const into = (path: string, options: Partial<PublishOptions> = {}): PublishOptions => ({
  directory: { path, key: path },
  name: 'a.txt',
  ifExists: 'fail',
  mtime: undefined,
  executable: false,
  durable: false,
  ...options,
});
async function staged(content: string | Uint8Array): Promise<StagedFile> {
  const file = await stage();
  await file.write(Buffer.from(content));
  return file;
}

afterEach(() => {
  expect(readdirSync(staging)).toEqual([]);
  expect(openWithin(root)).toEqual([]);
});

type Taken = 'free' | 'same' | 'shorter' | 'other' | 'directory' | 'symlink';
const NEW = 'the new content';
const mtime = 1_700_000_000_000_000;

function take(at: string, taken: Taken, age: 'older' | 'equal' | 'younger'): void {
  const path = join(at, 'a.txt');
  if (taken === 'directory') mkdirSync(path);
  if (taken === 'symlink') symlinkSync('elsewhere', path);
  if (taken === 'same') writeFileSync(path, NEW);
  if (taken === 'shorter') writeFileSync(path, 'old');
  if (taken === 'other') writeFileSync(path, 'THE NEW CONTENT');
  const seconds = mtime / 1e6 + { older: -1, equal: 0, younger: 1 }[age];
  if (!['free', 'directory', 'symlink'].includes(taken)) utimesSync(path, seconds, seconds);
}

/** The conflict policies once more, as a table. */
function expected(policy: ConflictPolicy, taken: Taken, age: string): string {
  if (taken === 'free') return 'created a.txt';
  const isFile = taken !== 'directory' && taken !== 'symlink';
  if (policy === 'rename') return taken === 'same' ? 'identical a.txt' : 'created a (1).txt';
  if (taken === 'directory') return 'IS_A_DIRECTORY';
  if (policy === 'fail' || policy === 'skip') return taken === 'same' ? 'identical a.txt' : 'ALREADY_EXISTS';
  if (!isFile) return 'NOT_A_FILE';
  return policy === 'overwrite' || age === 'older' ? 'replaced a.txt' : 'ALREADY_EXISTS';
}

describe('StagedFile', () => {
  it('follows the conflict policies, and leaves alone what it must', async () => {
    const taken = fc.constantFrom<Taken>('free', 'same', 'shorter', 'other', 'directory', 'symlink');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...conflictPolicies),
        taken,
        fc.constantFrom('older', 'equal', 'younger'),
        fc.boolean(),
        async (ifExists, taken, age, durable) => {
          const at = folder();
          take(at, taken, age);
          const before = lstatSync(join(at, 'a.txt'), { throwIfNoEntry: false });
          const file = await staged(NEW);
          const result = await file.publish(into(at, { ifExists, mtime, durable })).then(
            ({ outcome, name, stats }) => {
              expect(readFileSync(join(at, name), 'utf8')).toBe(NEW);
              expect(stats.ino).toBe(statSync(join(at, name), { bigint: true }).ino);
              expect(stats.ctimeNs).toBe(statSync(join(at, name), { bigint: true }).ctimeNs);
              return `${outcome} ${name}`;
            },
            (error) => error.code,
          );
          expect(result).toBe(expected(ifExists, taken, age));
          if (before !== undefined && !result.startsWith('replaced'))
            expect(lstatSync(join(at, 'a.txt'))).toEqual(
              expect.objectContaining({ ino: before.ino, mtimeMs: before.mtimeMs, size: before.size }),
            );
          expect(readdirSync(at)).toHaveLength(taken === 'free' || result !== 'created a (1).txt' ? 1 : 2);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('holds exactly the bytes that were written, in any pieces, flushed and parked in between', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ maxLength: 5000 }) },
      { weight: 1, arbitrary: fc.constantFrom('park' as const, 'sync' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const at = folder();
        const file = await stage();
        const content: Uint8Array[] = [];
        for (const s of steps) {
          if (s === 'park') await file.park();
          else if (s === 'sync') expect(await file.sync()).toBe(Buffer.concat(content).length);
          else {
            const view = Uint8Array.from(s);
            await file.write(view);
            view.fill(0xee); // the view is the caller's again
            content.push(s);
          }
        }
        expect(file.length).toBe(Buffer.concat(content).length);
        await file.publish(into(at));
        expect(readFileSync(join(at, 'a.txt'))).toEqual(Buffer.concat(content));
      }),
      { numRuns: 50 },
    );
  });

  it('sets time and permissions before the file is seen', async () => {
    const at = folder();
    await (await staged('x')).publish(into(at, { mtime: -1_500_001, executable: true }));
    const stats = statSync(join(at, 'a.txt'), { bigint: true });
    expect(modificationTime(stats)).toBe(-1_500_001);
    expect(Number(stats.mode & 0o777n)).toBe(0o755 & ~process.umask());
    await (await staged('x')).publish(into(at, { name: 'b' }));
    expect(statSync(join(at, 'b')).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  it('hides what is staged from other users', async () => {
    const file = await staged('x');
    expect(statSync(join(staging, readdirSync(staging)[0] as string)).mode & 0o777).toBe(0o600);
    await file.discard();
  });

  it('lets one of two hundred win under fail, and numbers them all under rename', async () => {
    for (const ifExists of ['fail', 'rename'] as const) {
      const at = folder();
      const files = await Promise.all(Array.from({ length: 200 }, (_, i) => staged(`writer ${i}`)));
      const results = await Promise.allSettled(files.map((file) => file.publish(into(at, { ifExists }))));
      const won = results.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(ifExists === 'fail' ? 1 : 200);
      for (const result of results)
        if (result.status === 'rejected') expect(result.reason.code).toBe('ALREADY_EXISTS');
      const contents = readdirSync(at).map((name) => readFileSync(join(at, name), 'utf8'));
      expect(new Set(contents).size).toBe(won.length);
      for (const content of contents) expect(content).toMatch(/^writer \d+$/);
    }
  });

  it('keeps the youngest of many under newer', async () => {
    const at = folder();
    const times = Array.from({ length: 50 }, (_, i) => ((i * 7919) % 50) + 1);
    const files = await Promise.all(times.map((time) => staged(`from ${time}`)));
    await Promise.allSettled(
      files.map((file, i) =>
        file.publish(into(at, { ifExists: 'newer', mtime: (times[i] as number) * 1e6 })),
      ),
    );
    expect(readFileSync(join(at, 'a.txt'), 'utf8')).toBe('from 50');
  });

  it('waits for writes that are under way before it gives the descriptor back', async () => {
    const file = await stage();
    const writing = [1, 2, 3].map(() => file.write(Buffer.alloc(1 << 20)));
    await file.discard();
    await Promise.all(writing);
  });

  it('takes writes at once, in any order of their places, opened or parked', async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 500 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.infiniteStream(fc.nat()), fc.boolean(), async (pieces, order, parked) => {
        const at = folder();
        const file = await stage();
        if (parked) await file.park();
        let offset = 0;
        const placed = pieces.map((bytes) => {
          offset += bytes.length;
          return { bytes, offset: offset - bytes.length };
        });
        const lots = placed.map((one) => ({ one, lot: order.next().value as number }));
        lots.sort((a, b) => a.lot - b.lot);
        await Promise.all(lots.map(({ one }) => file.write(one.bytes, one.offset)));
        expect(file.length).toBe(offset);
        await file.publish(into(at));
        expect(readFileSync(join(at, 'a.txt'))).toEqual(Buffer.concat(pieces));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses calls out of order', async () => {
    const file = await stage();
    const writing = file.write(Buffer.alloc(10));
    const calls = [
      () => file.sync(),
      () => file.truncate(0),
      () => file.park(),
      () => file.publish(into(root)),
    ];
    for (const call of calls) expect(call).toThrow(LocalProtocolError);
    await writing;
    expect(() => file.write(Buffer.alloc(1), 9)).toThrow(LocalProtocolError);
    const syncing = file.sync();
    expect(() => file.write(Buffer.alloc(1))).toThrow(LocalProtocolError);
    await syncing;
    await file.discard();
    expect(() => file.write(Buffer.alloc(1))).toThrow(LocalProtocolError);
    await file.discard();
  });

  it('says what, where and why', async () => {
    const at = folder();
    writeFileSync(join(at, 'a.txt'), 'old');
    await expect((await staged('x')).publish(into(at))).rejects.toThrow(
      'cannot store "docs/a.txt": a different file is already there',
    );
    await expect((await staged('x')).publish(into(join(at, 'gone')))).rejects.toMatchObject({
      code: 'PARENT_NOT_FOUND',
      path: 'docs/a.txt',
    });
    const nowhere = StagedFile.create({ path: join(root, 'no', 'x'), label: 'docs/a.txt', context });
    await expect(nowhere).rejects.toMatchObject({ code: 'IO_ERROR' });
  });
});
