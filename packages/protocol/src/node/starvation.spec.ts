import { describe, expect, it } from 'vitest';
import { limitTable } from '../limits.js';
import { Gate } from './testing/deferred.js';
import { content, startPair } from './testing/rig.js';
import { SlabWatch } from './testing/slab-watch.js';

const MiB = 1024 * 1024;

/** Reads on from an iteration until its end. */
async function rest(iterator: AsyncIterator<Uint8Array>): Promise<number> {
  let size = 0;
  for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
    size += step.value.length;
  }
  return size;
}

describe('a stream that nobody reads from does not stop the others', () => {
  it('when a listing waits while each of its files is downloaded', async () => {
    const { rig, session } = await startPair();
    // More than fits into any window at once.
    const listing = Array.from({ length: 20_000 }, (_, i) => `file ${i}`);
    rig.handler.listing = async function* () {
      for (const path of listing) yield { path, kind: 'file', size: 0, mtime: 0, executable: false };
    };
    rig.handler.put('a', content(MiB));
    let seen = 0;
    for await (const _entry of session.list()) {
      if (seen % 2000 === 0) await session.download('a', { write: () => undefined });
      seen += 1;
    }
    expect(seen).toBe(listing.length);
    await session.close();
  });

  it('when it is a `read` that pauses while others are read', async () => {
    const watch = new SlabWatch();
    const { rig, session } = await startPair();
    const size = 12 * MiB;
    rig.handler.put('a', content(size));
    const paused = Array.from({ length: 40 }, () => session.read('a')[Symbol.asyncIterator]());
    const first: number[] = [];
    for (const iterator of paused) {
      const step = await iterator.next();
      first.push((step.value as Uint8Array).length);
    }
    for (let i = 0; i < 3; i += 1) {
      expect(await session.download('a', { write: () => undefined })).toMatchObject({ size });
    }
    expect(await rest(paused[0] as AsyncIterator<Uint8Array>)).toBe(size - (first[0] as number));
    for (const iterator of paused) await iterator.return?.();
    await session.close();
    await rig.server.shutdown();
    await watch.allBack();
  });

  it('when it has earned a wide window before it pauses', async () => {
    const { rig, session } = await startPair();
    const size = 30 * MiB;
    rig.handler.put('a', content(size));
    const paused: AsyncIterator<Uint8Array>[] = [];
    for (let i = 0; i < 4; i += 1) {
      const iterator = session.read('a')[Symbol.asyncIterator]();
      for (let got = 0; got < 16 * MiB; ) got += ((await iterator.next()).value as Uint8Array).length;
      paused.push(iterator);
    }
    expect(await session.download('a', { write: () => undefined })).toMatchObject({ size });
    for (const iterator of paused) await iterator.return?.();
    await session.close();
  });

  it('when its file has all arrived', async () => {
    const { rig, session } = await startPair();
    const size = limitTable.initialStreamWindow.standard;
    rig.handler.put('small', content(size));
    rig.handler.put('a', content(5 * MiB));
    const paused: AsyncIterator<Uint8Array>[] = [];
    for (let i = 0; i < 60; i += 1) {
      const iterator = session.read('small')[Symbol.asyncIterator]();
      await iterator.next();
      paused.push(iterator);
    }
    // Both the listing and the streams of the server have long ended: it is the bytes here that wait.
    expect(await session.download('a', { write: () => undefined })).toMatchObject({ size: 5 * MiB });
    for (const iterator of paused) await iterator.return?.();
    await session.close();
  });

  it('when the handler of the server does not take it', async () => {
    const { rig, session } = await startPair();
    const gate = new Gate();
    rig.handler.before = (step, path) => (step === 'write' && path !== 'fast' ? gate.pass() : undefined);
    const slow = Array.from({ length: 40 }, (_, i) => session.upload(content(2 * MiB, i), `slow ${i}`));
    while (gate.arrivals < slow.length) await new Promise((resolve) => setImmediate(resolve));
    expect(await session.upload(content(20 * MiB), 'fast')).toMatchObject({ outcome: 'created' });
    gate.open();
    for (const each of await Promise.all(slow)) expect(each).toMatchObject({ outcome: 'created' });
    await session.close();
  });
});
