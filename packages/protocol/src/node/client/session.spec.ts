import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Entry } from '../../vocabulary.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import { sha256Provider } from '../digests.js';
import { modificationTime } from '../files/index.js';
import { failureOf, Gate, turns } from '../testing/deferred.js';
import { content, startPair } from '../testing/rig.js';
import { SlabWatch } from '../testing/slab-watch.js';
import type { DownloadInfo, DownloadSink, Progress, UploadSource } from '../types.js';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'filex-session-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function digestOf(bytes: Uint8Array): string {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(bytes);
  return Buffer.from(tree.digest()).toString('hex');
}

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Truthful: never backwards, never beyond what there is, acknowledged after transferred. */
function checkProgress(seen: readonly Progress[], size: number, total: number | undefined): void {
  let last: Progress = { transferred: 0, acknowledged: 0, total };
  for (const progress of seen) {
    expect(progress.transferred).toBeGreaterThanOrEqual(last.transferred);
    expect(progress.acknowledged).toBeGreaterThanOrEqual(last.acknowledged);
    expect(progress.acknowledged).toBeLessThanOrEqual(progress.transferred);
    expect(progress.transferred).toBeLessThanOrEqual(size);
    expect(progress.total).toBe(total);
    last = progress;
  }
  expect(last.transferred).toBe(size);
  expect(last.acknowledged).toBe(size);
}

const SIZES = [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000, 5 * BLOCK_SIZE + 7];

describe('an upload', () => {
  const sources: [string, (bytes: Buffer, path: string) => UploadSource, boolean][] = [
    ['bytes in memory', (bytes) => bytes, true],
    ['a plain Uint8Array', (bytes) => new Uint8Array(bytes), true],
    ['a file path', (_bytes, path) => path, true],
    ['a file URL', (_bytes, path) => pathToFileURL(path), true],
    ['an async iterable', (bytes) => chunksOf(bytes, 10_007), false],
    ['an iterable', (bytes) => [bytes.subarray(0, 3), new Uint8Array(0), bytes.subarray(3)], false],
    ['a Readable', (bytes) => Readable.from(chunksOf(bytes, 100_000)), false],
    ['a file stream', (_bytes, path) => createReadStream(path), false],
  ];

  it.each(sources)('from %s arrives as it was', async (_name, make, sized) => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const path = join(await folder(), 'source');
    for (const size of SIZES) {
      const bytes = content(size);
      await writeFile(path, bytes);
      const seen: Progress[] = [];
      const result = await session.upload(make(bytes, path), `file ${size}`, {
        onProgress: (progress) => seen.push(progress),
      });
      expect(result).toEqual({
        outcome: 'created',
        path: `file ${size}`,
        size,
        digest: digestOf(bytes),
        algorithm: 'sha256',
      });
      expect(rig.handler.files.get(`file ${size}`)?.content.equals(bytes)).toBe(true);
      const total = sized ? size : undefined;
      checkProgress(seen, size, total);
    }
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('keeps time and the executable bit of a file, unless told otherwise', async () => {
    const { rig, session } = await startPair();
    const path = join(await folder(), 'source');
    await writeFile(path, 'x', { mode: 0o755 });
    const mtime = modificationTime(await stat(path, { bigint: true }));
    await session.upload(path, 'a');
    expect(rig.handler.files.get('a')).toMatchObject({ mtime, executable: process.platform !== 'win32' });
    await session.upload(path, 'b', { mtime: 5, executable: false });
    expect(rig.handler.files.get('b')).toMatchObject({ mtime: 5, executable: false });
  });

  it('ends as the policy says when the name is taken', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', Buffer.from('old'));
    const bytes = Buffer.from('new');
    expect(await failureOf(session.upload(bytes, 'a'))).toMatchObject({
      code: 'ALREADY_EXISTS',
      path: 'a',
      effect: 'none',
      retry: false,
    });
    for (const ifExists of ['skip', 'newer'] as const) {
      expect(await session.upload(bytes, 'a', { ifExists })).toEqual({
        outcome: 'skipped',
        path: 'a',
        size: 3,
        digest: undefined,
        algorithm: 'sha256',
      });
    }
    expect(await session.upload(bytes, 'a', { ifExists: 'rename' })).toMatchObject({
      outcome: 'created',
      path: 'a (1)',
    });
    expect(await session.upload(Buffer.from('old'), 'a')).toMatchObject({ outcome: 'identical' });
    expect(rig.handler.files.get('a')?.content.toString()).toBe('old');
    expect(await session.upload(bytes, 'a', { ifExists: 'overwrite' })).toMatchObject({
      outcome: 'replaced',
    });
    expect(rig.handler.files.get('a')?.content.toString()).toBe('new');
  });

  it('that is refused while it still sends stops, and leaves the connection as good as new', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const path = join(await folder(), 'source');
    const bytes = content(20 * BLOCK_SIZE);
    await writeFile(path, bytes);
    rig.handler.put('a', Buffer.from('old'));
    for (let i = 0; i < 30; i += 1) {
      expect(await session.upload(path, 'a', { ifExists: 'skip' })).toMatchObject({ outcome: 'skipped' });
    }
    expect(await session.upload(path, 'b')).toMatchObject({ outcome: 'created', size: bytes.length });
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('fails alone when its source does, and the server keeps nothing', async () => {
    const { rig, session } = await startPair();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('first');
      throw new Error('the tape ran out');
    }
    expect(await failureOf(session.upload(broken(), 'a'))).toMatchObject({
      code: 'IO_ERROR',
      message: 'the tape ran out',
      effect: 'none',
    });
    const { told } = await rig.event('operation', ({ path }) => path === 'a').then(() => rig.handler);
    expect(told[0]?.calls.at(-1)).toBe('abort!');
    expect(rig.handler.files.size).toBe(0);

    const strings = ['text'] as unknown as Uint8Array[];
    expect(await failureOf(session.upload(strings, 'b'))).toMatchObject({ code: 'UNSUPPORTED' });
    const missing = join(await folder(), 'missing');
    expect(await failureOf(session.upload(missing, 'c'))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failureOf(session.upload(createReadStream(missing), 'd'))).toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringContaining('ENOENT'),
    });
    expect(await session.upload(Buffer.from('ok'), 'e')).toMatchObject({ outcome: 'created' });
  });

  it.each([
    ['more', 2],
    ['less', 4],
  ])('whose source has %s than was announced fails', async (_what, size) => {
    const { rig, session } = await startPair();
    expect(await failureOf(session.upload([Buffer.from('abc')], 'a', { size }))).toMatchObject({
      code: 'LENGTH_MISMATCH',
    });
    await rig.event('operation', ({ path }) => path === 'a');
    expect(rig.handler.files.size).toBe(0);
  });

  it('closes a source it did not use up', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', Buffer.from('old'));
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield content(1000);
      } finally {
        closed = true;
      }
    }
    await failureOf(session.upload(endless(), 'a', { ifExists: 'skip' }).then((r) => Promise.reject(r)));
    expect(closed).toBe(true);
    const stream = new PassThrough();
    stream.write('x');
    expect(await session.upload(stream, 'a', { ifExists: 'skip' })).toMatchObject({ outcome: 'skipped' });
    expect(stream.destroyed).toBe(true);
  });
});

describe('a download', () => {
  const destinations: [string, (path: string) => string | URL][] = [
    ['a file path', (path) => path],
    ['a file URL', (path) => pathToFileURL(path)],
  ];

  it.each(destinations)('to %s arrives as it was', async (_name, make) => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const directory = await folder();
    for (const size of SIZES) {
      const bytes = rig.handler.put(`file ${size}`, content(size));
      const path = join(directory, `copy ${size}`);
      const seen: Progress[] = [];
      const result = await session.download(`file ${size}`, make(path), {
        onProgress: (progress) => seen.push(progress),
        durable: false,
      });
      expect(result).toEqual({
        outcome: 'created',
        path,
        size,
        digest: digestOf(bytes),
        algorithm: 'sha256',
      });
      expect((await readFile(path)).equals(bytes)).toBe(true);
      if (size > 0) checkProgress(seen, size, size);
    }
    expect((await readdir(directory)).length).toBe(SIZES.length);
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('goes to a Writable, which stays open', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const bytes = rig.handler.put('a', content(3 * BLOCK_SIZE));
    const got: Buffer[] = [];
    const writable = new Writable({
      highWaterMark: 10,
      write(chunk: Buffer, _encoding, done) {
        got.push(chunk);
        setImmediate(done);
      },
    });
    const result = await session.download('a', writable);
    expect(result).toMatchObject({ outcome: 'read', path: 'a', size: bytes.length });
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    expect(writable.writable).toBe(true);
    expect(writable.listenerCount('error') + writable.listenerCount('close')).toBe(0);
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('goes to a PassThrough as fast as that is read, in chunks of its own', async () => {
    // The watch overwrites what comes back: a chunk the stream still holds must not be a view of that.
    new SlabWatch();
    const { rig, session } = await startPair();
    const bytes = rig.handler.put('a', content(3 * BLOCK_SIZE));
    const through = new PassThrough();
    const result = session.download('a', through).finally(() => through.end());
    const got: Buffer[] = [];
    for await (const chunk of through) {
      got.push(chunk as Buffer);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await result;
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });

  it('tells a sink what comes, writes in order, and commits what was verified', async () => {
    const { rig, session } = await startPair();
    const bytes = rig.handler.put('a', content(700_000));
    const calls: string[] = [];
    const got: Buffer[] = [];
    let info: DownloadInfo | undefined;
    let entry: Entry | undefined;
    const sink: DownloadSink = {
      open: async (it) => {
        calls.push('open');
        entry = it;
      },
      write: async (view) => {
        calls.push('write');
        got.push(Buffer.from(view));
        await new Promise((resolve) => setImmediate(resolve));
        expect(got.at(-1)?.equals(view)).toBe(true);
        calls.push('write!');
      },
      commit: async (it) => {
        calls.push('commit');
        info = it;
        return { outcome: 'replaced', path: 'elsewhere' };
      },
      abort: () => void calls.push('abort'),
    };
    expect(await session.download('a', sink)).toEqual({
      outcome: 'replaced',
      path: 'elsewhere',
      size: 700_000,
      digest: digestOf(bytes),
      algorithm: 'sha256',
    });
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    expect(calls.join(' ')).toMatch(/^open (write write! )+commit$/);
    expect(entry).toMatchObject({ path: 'a', kind: 'file', size: 700_000, mtime: 1_700_000_000_000_000 });
    expect(info?.digest.length).toBe(32);
  });

  it('fails with what is wrong with the file, and touches nothing', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', Buffer.from('x'));
    const directory = await folder();
    expect(await failureOf(session.download('missing', join(directory, 'b')))).toMatchObject({
      code: 'NOT_FOUND',
      path: 'missing',
    });
    expect(await failureOf(session.download('a', join(directory, 'b'), { ifMatch: 'other' }))).toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    rig.handler.before = (step) => {
      if (step === 'verify') throw new Error('it changed');
    };
    expect(await failureOf(session.download('a', join(directory, 'b')))).toMatchObject({ code: 'INTERNAL' });
    rig.handler.before = undefined;
    await writeFile(join(directory, 'there'), 'other');
    expect(await failureOf(session.download('a', join(directory, 'there')))).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await session.download('a', join(directory, 'there'), { ifExists: 'skip' })).toMatchObject({
      outcome: 'skipped',
      digest: undefined,
    });
    expect(await readdir(directory)).toEqual(['there']);
  });

  it.each(['open', 'write', 'commit', 'abort'] as const)(
    'whose sink fails in %s ends with its error, at once',
    async (failing) => {
      const watch = new SlabWatch();
      const { rig, session } = await startPair();
      rig.handler.put('a', content(3 * BLOCK_SIZE));
      const calls: string[] = [];
      const fail = (step: string): void => {
        calls.push(step);
        if (step === failing) throw new Error(`no ${step}`);
      };
      const sink: DownloadSink = {
        open: async () => fail('open'),
        write: async () => {
          fail('write');
          if (failing === 'abort') throw new Error('no write');
        },
        commit: async () => {
          fail('commit');
          return undefined;
        },
        abort: () => fail('abort'),
      };
      const error = (await failureOf(session.download('a', sink))) as Error;
      expect(error.message).toBe(failing === 'abort' ? 'no write' : `no ${failing}`);
      if (failing === 'open') expect(calls).toEqual(['open']);
      if (failing === 'write') expect(calls).toEqual(['open', 'write', 'abort']);
      expect(calls.filter((call) => call === 'abort').length).toBeLessThanOrEqual(1);
      // The rest of the connection is none the worse: all credit and all buffers are back.
      for (let i = 0; i < 5; i += 1) await session.download('a', { write: () => undefined });
      await session.close();
      await rig.server.shutdown();
      await watch.allBack();
    },
  );

  it('to a Writable that breaks fails, however it tells, and nothing goes unheard', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(3 * BLOCK_SIZE));
    const broken = [
      new Writable({ write: (_chunk, _encoding, done) => done(new Error('broken')) }),
      new Writable({
        write(_chunk, _encoding, done) {
          done();
          this.destroy(new Error('broken'));
        },
      }),
      new Writable({
        write() {
          this.destroy();
        },
      }),
    ];
    for (const writable of broken) {
      expect(await failureOf(session.download('a', writable))).toMatchObject({ code: 'IO_ERROR' });
      // An 'error' that comes late would end the process here.
      await new Promise((resolve) => setImmediate(resolve));
      expect(await failureOf(session.download('a', writable))).toMatchObject({ code: 'IO_ERROR' });
    }
  });
});

describe('read', () => {
  it('yields the content in pieces the caller owns', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    for (const size of SIZES) {
      const bytes = rig.handler.put('a', content(size));
      const got: Uint8Array[] = [];
      for await (const chunk of session.read('a')) got.push(chunk);
      expect(Buffer.concat(got).equals(bytes)).toBe(true);
    }
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('left early cancels', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    rig.handler.put('a', content(20 * BLOCK_SIZE));
    for await (const chunk of session.read('a')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await rig.event('operation')).toMatchObject({ code: 'CANCELLED' });
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('throws what is wrong', async () => {
    const { session } = await startPair();
    const reading = (async () => {
      for await (const _chunk of session.read('missing')) expect.unreachable();
    })();
    expect(await failureOf(reading)).toMatchObject({ code: 'NOT_FOUND', path: 'missing' });
  });
});

describe('a listing', () => {
  it('yields what is there, page after page', async () => {
    const { rig, session } = await startPair();
    const names = Array.from({ length: 3000 }, (_, i) => `d/file ${String(i).padStart(5, '0')}`);
    rig.handler.folders.add('d');
    for (const name of names) rig.handler.put(name, Buffer.from(name));
    const got: Entry[] = [];
    for await (const entry of session.list('d')) got.push(entry);
    expect(got.map(({ path }) => `d/${path}`)).toEqual(names);
    expect(got[7]).toMatchObject({ kind: 'file', size: 12, executable: false, etag: expect.any(String) });
    const top: string[] = [];
    for await (const { path, kind } of session.list()) top.push(`${path} ${kind}`);
    expect(top).toEqual(['d directory']);
    let count = 0;
    for await (const _entry of session.list('', { recursive: true })) count += 1;
    expect(count).toBe(3001);
  });

  it('left early cancels, and the credit of the pages that waited comes back', async () => {
    const window = 80 * 1024;
    const limits = {
      initialStreamWindow: window,
      maxStreamWindow: window,
      initialConnectionWindow: window,
      maxConnectionWindow: window,
      maxStreams: 1,
    };
    const { rig, session } = await startPair({ client: { limits } });
    rig.handler.listing = async function* () {
      for (let i = 0; ; i += 1) {
        yield { path: `file ${i}`, kind: 'file', size: 0, mtime: 0, executable: false };
      }
    };
    for (let i = 0; i < 12; i += 1) {
      for await (const _entry of session.list()) {
        // More pages come meanwhile.
        await turns(5);
        break;
      }
    }
    rig.handler.put('a', content(BLOCK_SIZE));
    await session.download('a', { write: () => undefined });
    await session.close();
  });

  it('throws what is wrong after what came before', async () => {
    const { rig, session } = await startPair();
    rig.handler.listing = async function* () {
      yield { path: 'a', kind: 'file', size: 0, mtime: 0, executable: false };
      throw new Error('the disk is gone');
    };
    const got: string[] = [];
    const listing = (async () => {
      for await (const { path } of session.list()) got.push(path);
    })();
    expect(await failureOf(listing)).toMatchObject({ code: 'INTERNAL' });
    // What the page held was never sent; what was sent would have come.
    expect(got.length).toBeLessThanOrEqual(1);
  });
});

describe('a call', () => {
  it('answers', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', Buffer.from('x'));
    expect(await session.stat('a')).toMatchObject({ path: 'a', kind: 'file', size: 1 });
    expect(await session.stat('')).toMatchObject({ path: '', kind: 'directory' });
    expect(await session.makeDirectory('d')).toEqual({ outcome: 'created' });
    expect(await session.makeDirectory('d')).toEqual({ outcome: 'identical' });
    expect(await session.rename('a', 'b')).toEqual({ outcome: 'renamed' });
    expect(await failureOf(session.rename('a', 'b'))).toMatchObject({ code: 'NOT_FOUND', path: 'a' });
    expect(await session.remove('b')).toEqual({ outcome: 'removed' });
    expect(await session.ping()).toBeGreaterThan(0);
  });

  it('with a path no server may get is refused here', async () => {
    const { rig, session } = await startPair();
    const sink = { write: () => undefined };
    for (const path of ['/etc/passwd', '../x', 'a//b', 'a/./b', 'a\0b', `${'x'.repeat(256)}`, 'a/']) {
      for (const attempt of [
        session.stat(path),
        session.upload(Buffer.alloc(1), path),
        session.download(path, sink),
        session.rename('a', path),
        session.remove(path),
        (async () => {
          for await (const _entry of session.list(path)) expect.unreachable();
        })(),
      ]) {
        expect(await failureOf(attempt)).toMatchObject({ code: 'PATH_INVALID' });
      }
    }
    expect(rig.events.filter(({ type }) => type === 'operation')).toEqual([]);
  });
});

describe('many operations', () => {
  it('more than the server takes streams wait their turn', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair({ server: { limits: { maxStreams: 3 } } });
    let running = 0;
    let most = 0;
    rig.handler.before = async (step) => {
      if (step !== 'stat') return;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    const bytes = rig.handler.put('a', content(100_000));
    await Promise.all([
      ...Array.from({ length: 60 }, () => session.stat('a')),
      ...Array.from({ length: 30 }, (_, i) => session.upload(bytes, `up ${i}`)),
      ...Array.from({ length: 30 }, () => session.download('a', { write: () => undefined })),
    ]);
    expect(most).toBeLessThanOrEqual(3);
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('of fifty sessions at once mix nothing up', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const names = Array.from({ length: 10 }, (_, i) => `file ${i}`);
    for (const [i, name] of names.entries()) rig.handler.put(name, content(50_000 * i, i + 1));
    const sessions = [session, ...(await Promise.all(Array.from({ length: 49 }, () => rig.connect())))];
    await Promise.all(
      sessions.map(async (each, index) => {
        const name = names[index % names.length] as string;
        const parts: Uint8Array[] = [];
        const bytes = content(120_000 + index, index + 100);
        await Promise.all([
          each.upload(bytes, `up ${index}`),
          each.upload(chunksOf(bytes, 7_001), `again ${index}`),
          each.download(name, { write: (view: Uint8Array) => void parts.push(Buffer.from(view)) }),
        ]);
        expect(Buffer.concat(parts).equals(rig.handler.files.get(name)?.content as Buffer)).toBe(true);
        for (const stored of [`up ${index}`, `again ${index}`]) {
          expect(rig.handler.files.get(stored)?.content.equals(bytes)).toBe(true);
        }
      }),
    );
    await Promise.all(sessions.map((each) => each.close()));
    await rig.server.shutdown();
    await watch.allBack();
  });
});

describe('closing', () => {
  it('waits for what was asked before, also for what waits for a stream', async () => {
    const { rig, session } = await startPair({ server: { limits: { maxStreams: 1 } } });
    const gate = new Gate();
    rig.handler.put('a', Buffer.from('x'));
    rig.handler.before = (step) => (step === 'stat' ? gate.pass() : undefined);
    const first = session.stat('a');
    const second = session.stat('a');
    await gate.reached;
    const closing = session.close();
    expect(await failureOf(session.stat('a'))).toMatchObject({ code: 'CANCELLED' });
    expect(await failureOf(session.ping())).toMatchObject({ code: 'CANCELLED' });
    gate.open();
    await expect(first).resolves.toMatchObject({ size: 1 });
    await expect(second).resolves.toMatchObject({ size: 1 });
    await closing;
    expect(await session.closed).toBeUndefined();
    await session.close();
    expect(await rig.event('disconnection')).toMatchObject({ error: undefined });
  });

  it('by destroy ends everything now', async () => {
    const { rig, session } = await startPair();
    const gate = new Gate();
    rig.handler.before = (step) => (step === 'stat' || step === 'commit' ? gate.pass() : undefined);
    const asked = session.stat('a');
    const uploading = session.upload(Buffer.from('x'), 'b');
    const listing = session.list()[Symbol.asyncIterator]();
    const pinged = session.ping();
    await gate.reached;
    await pinged;
    while (gate.arrivals < 2) await new Promise((resolve) => setImmediate(resolve));
    session.destroy();
    expect(await failureOf(asked)).toMatchObject({ code: 'CONNECTION_LOST', effect: 'none' });
    // It was sent whole: nobody here can know whether it was stored.
    expect(await failureOf(uploading)).toMatchObject({ code: 'CONNECTION_LOST', effect: 'unknown' });
    expect(await failureOf(listing.next())).toMatchObject({ code: 'CANCELLED' });
    expect(await session.closed).toMatchObject({ code: 'CONNECTION_LOST' });
    await rig.event('disconnection');
    gate.open();
    await rig.server.shutdown();
  });
});
