import { constants } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { conflictPolicies } from '../../vocabulary.js';
import { MAX_WHOLE_FILE } from '../bounds.js';
import type { MemoryFile, MemoryHandler } from '../testing/memory-handler.js';
import { fast, folder, over } from '../testing/reconnecting.js';
import { content, Rig } from '../testing/rig.js';
import type { DownloadOptions, Handler, Session } from '../types.js';

/** Bytes of small files, and of some that are none. */
const sizes = fc.constantFrom(
  0,
  1,
  100,
  4096,
  MAX_WHOLE_FILE - 1,
  MAX_WHOLE_FILE,
  MAX_WHOLE_FILE + 1,
  100_000,
);

/** Gives files in one go as well. */
function giveWhole(handler: MemoryHandler): void {
  const downloadWhole: Handler['downloadWhole'] = ({ path, ifMatch }, _context, room) => {
    const file = handler.files.get(path) as MemoryFile | undefined;
    if (file === undefined || file.content.length > room || ifMatch !== undefined) return undefined;
    const { content: bytes, mtime, executable } = file;
    return { entry: { path, kind: 'file', size: bytes.length, mtime, executable }, bytes };
  };
  Object.assign(handler, { downloadWhole });
}

/** What is where the file is to go. */
const befores = ['nothing', 'same', 'other', 'longer', 'folder', 'symlink', 'no parent'] as const;

async function prepare(at: string, before: (typeof befores)[number], wanted: Buffer): Promise<string> {
  const target = join(at, 'target');
  const other = Buffer.from(wanted);
  if (other.length > 0) other[0] = (other[0] as number) ^ 1;
  if (before === 'same') await writeFile(target, wanted);
  if (before === 'other') await writeFile(target, other);
  if (before === 'longer') await writeFile(target, Buffer.concat([other, Buffer.from('x')]));
  if (before === 'folder') await mkdir(target);
  if (before === 'symlink') await symlink('elsewhere', target);
  if (['same', 'other', 'longer'].includes(before)) await utimes(target, 1000, 1000);
  return before === 'no parent' ? join(at, 'missing', 'target') : target;
}

/** All that is in a folder, by name. */
async function contentsOf(at: string): Promise<unknown> {
  const names = (await readdir(at)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { mode, mtimeMs, size } = await lstat(join(at, name));
      const bytes =
        (mode & constants.S_IFMT) === constants.S_IFREG ? await readFile(join(at, name)) : undefined;
      // What a folder or symlink has of these is as it was made, just now.
      return [name, mode, bytes?.toString('hex'), bytes && mtimeMs, bytes && size];
    }),
  );
}

async function attempt(
  session: Session,
  target: string,
  at: string,
  options: DownloadOptions,
): Promise<unknown> {
  const progress: unknown[] = [];
  try {
    const onProgress: DownloadOptions['onProgress'] = ({ acknowledged }) => progress.push(acknowledged);
    const result = await session.download('x', target, { ...options, onProgress });
    return { ...result, path: result.path.replace(at, ''), last: progress.at(-1) };
  } catch (error) {
    const { code, message, effect, path, retry } = error as FilexError;
    return { code, message: message.replaceAll(at, ''), effect, path: path?.replace(at, ''), retry };
  }
}

describe('a download of a small file', () => {
  it('comes to the same, whether it is known to be small or not, and however the server gives it', async () => {
    const rigs = await Promise.all([Rig.start(), Rig.start()]);
    giveWhole((rigs[1] as Rig).handler);
    const sessions = await Promise.all(
      rigs.flatMap((rig) => [rig.connect(), rig.connect({ reconnect: fast })]),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          size: sizes,
          guess: sizes,
          before: fc.constantFrom(...befores),
          ifExists: fc.constantFrom(...conflictPolicies),
          durable: fc.boolean(),
          executable: fc.boolean(),
          mtime: fc.constantFrom(0, -1, 999_999_999, 1_000_000_001, 1_700_000_000_123_457),
        }),
        fc.nat(3),
        async ({ size, guess, before, ifExists, durable, executable, mtime }, which) => {
          const wanted = content(size);
          for (const { handler } of rigs) handler.files.set('x', { content: wanted, mtime, executable });
          const [plain, small] = [await folder(), await folder()];
          const [first, second] = [
            await prepare(plain, before, wanted),
            await prepare(small, before, wanted),
          ];
          const expected = await attempt(sessions[0] as Session, first, plain, { ifExists, durable });
          const options = { ifExists, durable, size: guess };
          const found = await attempt(sessions[which] as Session, second, small, options);
          expect(found).toEqual(expected);
          expect(await contentsOf(small)).toEqual(await contentsOf(plain));
        },
      ),
      { numRuns: 150 },
    );
    // And the server has the same to tell.
    const told = rigs.map(({ events }) =>
      events.flatMap((event) => (event.type === 'operation' ? [event] : [])),
    );
    const digests = new Map((told[0] ?? []).map(({ bytes, digest }) => [bytes, digest]));
    for (const { code, bytes, digest, outcome } of told[1] ?? []) {
      if (code !== 'OK') continue;
      expect(outcome).toBe('read');
      expect([undefined, digest]).toContain(digests.get(bytes));
    }
  });

  it('is made again when its bytes were broken on the way, so often and no more', async () => {
    const wanted = content(5000);
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.nat(4900), async (times, place) => {
        const rig = await Rig.start();
        giveWhole(rig.handler);
        rig.handler.put('x', wanted);
        const { cable, session } = await over(rig, { ...fast, operationRetries: 2 });
        let left = times;
        cable.tamper = (bytes) => {
          const at = bytes.indexOf(wanted.subarray(place, place + 16));
          if (at < 0 || left === 0) return;
          left -= 1;
          bytes[at] = (bytes[at] as number) ^ 1;
        };
        const at = await folder();
        const options = { durable: false, size: wanted.length };
        const outcome = await attempt(session, join(at, 'target'), at, options);
        if (times <= 2) {
          expect(outcome).toMatchObject({ outcome: 'created', size: wanted.length });
          expect((await readFile(join(at, 'target'))).equals(wanted)).toBe(true);
        } else {
          expect(outcome).toMatchObject({ code: 'DIGEST_MISMATCH' });
          expect(await readdir(at)).toEqual([]);
        }
        session.destroy();
      }),
      { numRuns: 20 },
    );
  });

  it('goes on over the next connection wherever it is cut, and leaves nothing beside it', async () => {
    const wanted = content(3000);
    await fc.assert(
      fc.asyncProperty(fc.nat(3500), fc.boolean(), async (bytes, whole) => {
        const rig = await Rig.start();
        if (whole) giveWhole(rig.handler);
        rig.handler.put('x', wanted);
        const { cable, session } = await over(rig);
        cable.cutAfter('down', bytes);
        cable.onJoin = () => cable.cutAfter('down', Number.POSITIVE_INFINITY);
        const at = await folder();
        const options = { durable: false, size: wanted.length };
        expect(await attempt(session, join(at, 'target'), at, options)).toMatchObject({ outcome: 'created' });
        expect((await readFile(join(at, 'target'))).equals(wanted)).toBe(true);
        expect(await readdir(at)).toEqual(['target']);
        session.destroy();
      }),
      { numRuns: 20 },
    );
  });

  it('of which many run at once all come, more of them than credit allows at a time', async () => {
    const rig = await Rig.start();
    giveWhole(rig.handler);
    const session = await rig.connect();
    const at = await folder();
    const files = Array.from({ length: 300 }, (_, i) => content((i * 331) % MAX_WHOLE_FILE));
    for (const [i, bytes] of files.entries()) rig.handler.put(`f${i}`, bytes);
    await Promise.all(
      files.map(({ length: size }, i) =>
        session.download(`f${i}`, join(at, `f${i}`), { durable: false, size }),
      ),
    );
    for (const [i, bytes] of files.entries())
      expect((await readFile(join(at, `f${i}`))).equals(bytes)).toBe(true);
    expect(await readdir(at)).toHaveLength(files.length);
  });

  it('that is given up, or cannot be stored, leaves nothing', async () => {
    const rig = await Rig.start();
    giveWhole(rig.handler);
    rig.handler.put('x', content(1000));
    const session = await rig.connect();
    const at = await folder();
    const abort = new AbortController();
    const given = session.download('x', join(at, 'a'), { size: 1000, durable: false, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
    const onProgress = (): never => {
      throw new FilexError('IO_ERROR', 'mine');
    };
    const failed = session.download('x', join(at, 'b'), { size: 1000, durable: false, onProgress });
    await expect(failed).rejects.toMatchObject({ code: 'IO_ERROR' });
    const closed = join(at, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o555);
    if (process.getuid?.() !== 0) {
      const refused = session.download('x', join(closed, 'c'), { size: 1000, durable: false });
      await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    expect(await readdir(at)).toEqual(['closed']);
    expect(await session.ping()).toBeGreaterThan(0);
  });
});
