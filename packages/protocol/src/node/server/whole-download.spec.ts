import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { MAX_WHOLE_FILE, WORK_SLICE } from '../bounds.js';
import type { MemoryFile } from '../testing/memory-handler.js';
import { content, Rig } from '../testing/rig.js';
import type { Handler, WholeFile } from '../types.js';

type Give = (file: WholeFile, room: number) => WholeFile | undefined;

/** A server that has files in one go as well, in a way of its own. */
async function serveWhole(give: Give): Promise<{ rig: Rig; asked: string[] }> {
  const rig = await Rig.start();
  const asked: string[] = [];
  const downloadWhole: Handler['downloadWhole'] = ({ path }, _context, room) => {
    asked.push(path);
    const { content: bytes, mtime, executable } = rig.handler.files.get(path) as MemoryFile;
    return give({ entry: { path, kind: 'file', size: bytes.length, mtime, executable }, bytes }, room);
  };
  Object.assign(rig.handler, { downloadWhole });
  return { rig, asked };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** More than a slice, so that whatever comes next has to wait. */
function work(): void {
  for (const end = performance.now() + WORK_SLICE + 1; performance.now() < end; );
}

describe('a file that is sent in one go', () => {
  it.each<[string, Give]>([
    ['nothing', () => undefined],
    [
      'an error',
      () => {
        throw new FilexError('IO_ERROR', 'of no interest');
      },
    ],
    ['too few bytes', (file) => ({ ...file, bytes: file.bytes.subarray(1) })],
    ['more than there is room for', (file, room) => ({ ...file, bytes: Buffer.alloc(room + 1) })],
    ['what cannot be said', (file) => ({ ...file, entry: { ...file.entry, etag: 'x'.repeat(256) } })],
  ])('is sent the other way where the handler gives %s', async (_what, give) => {
    const { rig, asked } = await serveWhole(give);
    const session = await rig.connect();
    rig.handler.put('a', content(1000));
    expect((await read(session.read('a'))).equals(content(1000))).toBe(true);
    expect(asked).toEqual(['a']);
    expect(rig.handler.told.map(({ path }) => path)).toEqual(['a']);
  });

  it('is asked for with as much room as there is at once, whatever the windows and frames', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(MAX_WHOLE_FILE + 10), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(4096, 10_000, 1024 * 1024),
        fc.constantFrom(8192, 64 * 1024, 256 * 1024),
        async (sizes, maxDataPayload, window) => {
          const rooms: number[] = [];
          const { rig } = await serveWhole((file, room) => {
            rooms.push(room);
            return file.bytes.length <= room ? file : undefined;
          });
          for (const [i, size] of sizes.entries()) rig.handler.put(`f${i}`, content(size));
          const limits = { maxDataPayload, initialStreamWindow: window, initialConnectionWindow: window };
          const session = await rig.connect({ limits });
          const got = await Promise.all(sizes.map((_, i) => read(session.read(`f${i}`))));
          for (const [i, bytes] of got.entries())
            expect(bytes.equals(content(sizes[i] as number))).toBe(true);
          expect(Math.max(...rooms)).toBeLessThanOrEqual(Math.min(window, MAX_WHOLE_FILE));
          await session.close();
          await rig.server.shutdown();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('is told of once, however it ends: also when it is given up, or the line is cut, before its turn', async () => {
    for (const end of ['abort', 'destroy', 'nothing'] as const) {
      const { rig, asked } = await serveWhole((file) => {
        work();
        return file;
      });
      rig.handler.put('a', content(100));
      const session = await rig.connect();
      const abort = new AbortController();
      const { signal } = abort;
      setMaxListeners(0, signal);
      const sink = { write: () => undefined };
      const all = Array.from({ length: 12 }, () => session.download('a', sink, { signal }));
      const settled = Promise.allSettled(all);
      await Promise.race(all);
      if (end === 'abort') abort.abort();
      if (end === 'destroy') session.destroy();
      await settled;
      if (end === 'abort') expect(await session.ping()).toBeGreaterThan(0);
      await session.close();
      await rig.server.shutdown();
      const codes = rig.events.flatMap((event) => (event.type === 'operation' ? [event.code] : []));
      expect(codes).toHaveLength(12);
      expect(codes).toContain('OK');
      if (end === 'nothing') expect(new Set(codes)).toEqual(new Set(['OK']));
      else expect(asked.length).toBeLessThanOrEqual(12);
    }
  });
});
