import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { BLOCK_SIZE, TreeDigest } from '../../wire/digest.js';
import { sha256Provider } from '../digests.js';
import { slabs } from '../slab-pool.js';
import { failureOf, Gate } from '../testing/deferred.js';
import { breaches } from '../testing/memory-handler.js';
import { content, type RigOptions, startPair } from '../testing/rig.js';

function digestOf(data: Uint8Array): string {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(data);
  return Buffer.from(tree.digest()).toString('hex');
}

/** A server on which reading waits at a gate. */
async function held(options: RigOptions = {}) {
  const { rig, session } = await startPair(options);
  const gate = new Gate();
  rig.handler.before = (step) => (step === 'read' ? gate.pass() : undefined);
  for (const name of ['a', 'b', 'c']) rig.handler.put(name, content(1000, 1 + name.charCodeAt(0)));
  return { rig, session, gate };
}

describe('the digest of a file on the server', () => {
  it('is that of its content, of every size', async () => {
    const { rig, session } = await startPair();
    const sizes = fc.constantFrom(0, 1, 16_384, 16_385, 524_288, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1);
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 99 }), async (size, seed) => {
        const data = rig.handler.put('a/b', content(size, seed));
        const { entry, digest, algorithm } = await session.digest('a/b');
        expect({ digest, algorithm }).toEqual({ digest: digestOf(data), algorithm: 'sha256' });
        expect(entry).toMatchObject({ path: 'a/b', kind: 'file', size });
      }),
      { numRuns: 20 },
    );
    expect(slabs.out).toBe(0);
    expect(breaches(rig.handler.told)).toEqual([]);
  });

  it('is told to the log, as nothing that was moved', async () => {
    const { rig, session } = await startPair();
    const data = rig.handler.put('a', content(5000));
    await session.digest('a');
    const told = { operation: 'digest', path: 'a', code: 'OK', bytes: 0, digest: digestOf(data) };
    expect(await rig.event('operation')).toMatchObject({ ...told, algorithm: 'sha256', outcome: 'read' });
  });

  it('is refused as a download would be', async () => {
    const { rig, session } = await startPair();
    rig.handler.before = (step) => {
      if (step === 'download') throw new FilexError('PERMISSION_DENIED');
    };
    expect(await failureOf(session.digest('a'))).toMatchObject({ code: 'PERMISSION_DENIED', effect: 'none' });
    rig.handler.before = undefined;
    expect(await failureOf(session.digest('a'))).toMatchObject({ code: 'NOT_FOUND', path: 'a' });
    const unknown = session.digest('a', { algorithm: 'blake3' });
    expect(await failureOf(unknown)).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('is not told of a file that changes', async () => {
    const { rig, session } = await startPair();
    rig.handler.put('a', content(5000));
    rig.handler.before = (step) => {
      if (step === 'verify') throw new FilexError('SOURCE_CHANGED');
    };
    expect(await failureOf(session.digest('a'))).toMatchObject({ code: 'SOURCE_CHANGED' });
    expect(rig.handler.told.at(-1)?.calls.at(-1)).toBe('close!');
  });

  it('is computed while PINGs are answered, and other operations run', async () => {
    const { session, gate, rig } = await held();
    const digest = session.digest('a');
    await gate.reached;
    expect(await session.ping()).toBeGreaterThanOrEqual(0);
    expect(await session.stat('b')).toMatchObject({ path: 'b' });
    gate.open();
    expect((await digest).digest).toBe(digestOf(rig.handler.files.get('a')?.content as Buffer));
  });

  it('is given up when it is not wanted any more', async () => {
    const { session, gate, rig } = await held();
    const stop = new AbortController();
    const digest = failureOf(session.digest('a', { signal: stop.signal }));
    await gate.reached;
    stop.abort();
    expect(await digest).toMatchObject({ code: 'CANCELLED', effect: 'none' });
    await session.ping();
    gate.open();
    expect(await rig.event('operation')).toMatchObject({ operation: 'digest', code: 'CANCELLED' });
    expect(rig.handler.told[0]?.calls).toEqual(['read', 'read!', 'close', 'close!']);
  });

  it('is given up when the client goes', async () => {
    const { session, gate, rig } = await held();
    const digest = failureOf(session.digest('a'));
    await gate.reached;
    const [signal] = rig.handler.signals as [AbortSignal];
    const lost = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    session.destroy();
    await Promise.all([digest, lost]);
    gate.open();
    expect(await rig.event('operation')).toMatchObject({ operation: 'digest', code: 'CONNECTION_LOST' });
    expect(breaches(rig.handler.told)).toEqual([]);
  });
});

describe('maxDigests', () => {
  const one = { server: { serverLimits: { maxDigests: 1 } } };

  it('lets so many run on one connection, and the others in turn', async () => {
    const { session, gate, rig } = await held(one);
    const all = ['a', 'b', 'c'].map((name) => session.digest(name));
    await gate.reached;
    await session.ping();
    expect(rig.handler.told.map(({ path }) => path)).toEqual(['a']);
    gate.open();
    const digests = (await Promise.all(all)).map(({ digest }) => digest);
    const files = ['a', 'b', 'c'].map((name) => digestOf(rig.handler.files.get(name)?.content as Buffer));
    expect(digests).toEqual(files);
    expect(rig.handler.told.map(({ path }) => path)).toEqual(['a', 'b', 'c']);
  });

  it('keeps no place for who has given up', async () => {
    const { session, gate, rig } = await held(one);
    const first = session.digest('a');
    await gate.reached;
    const stop = new AbortController();
    const second = failureOf(session.digest('b', { signal: stop.signal }));
    const third = session.digest('c');
    await session.ping();
    stop.abort();
    expect(await second).toMatchObject({ code: 'CANCELLED' });
    await rig.event('operation', ({ path }) => path === 'b');
    gate.open();
    await Promise.all([first, third]);
    expect(rig.handler.told.map(({ path }) => path)).toEqual(['a', 'c']);
  });

  it('holds up no other connection', async () => {
    const { session, gate, rig } = await held(one);
    const waiting = session.digest('a');
    await gate.reached;
    const other = await rig.connect();
    const digest = other.digest('b');
    while (gate.arrivals < 2) await other.ping();
    gate.open();
    await Promise.all([waiting, digest]);
  });
});
