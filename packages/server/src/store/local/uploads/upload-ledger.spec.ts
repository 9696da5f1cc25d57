import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, type ConflictPolicy, conflictPolicies, TreeDigest } from '@filex/protocol';
import { type CommitStep, sha256Provider } from '@filex/protocol/node';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openWithin, stagedIn, temporaryFolder } from '../../../testing/temporary-folder.js';
import type { StagedUpload, StageRequest, UploadKey } from '../../store.js';
import { bury, copied, crashed, ownersIn } from '../../testing/crash.js';
import { commit, outcomeOf } from '../../testing/transfer.js';
import { LocalStore, type LocalStoreOptions } from '../local-store.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};
/** A place for a copy. */
const place = (): string => {
  count += 1;
  return join(top, String(count));
};

const open: LocalStore[] = [];
async function openStore(root: string, options: LocalStoreOptions = {}): Promise<LocalStore> {
  const store = await LocalStore.open(root, options);
  open.push(store);
  return store;
}
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  expect(openWithin(top)).toEqual([]);
});

const keyOf = (number: number): UploadKey => ({
  principal: 'ann',
  operationId: number.toString(16).padStart(32, '0'),
});
const request = (key: UploadKey, path: string, ifExists: ConflictPolicy = 'fail'): StageRequest => ({
  ...key,
  path,
  size: undefined,
  ifExists,
  mtime: 1_700_000_000_000_000,
  executable: false,
  arguments: `${path} ${ifExists}`,
});

/** Different in every block. */
function content(length: number, seed: string): Buffer {
  const bytes = Buffer.alloc(length, seed);
  for (let at = 0; at < length; at += BLOCK_SIZE) bytes.write(`${seed}${at}`, at);
  return bytes;
}

/** Writes as the protocol does: pieces, and the digest of each block behind it. */
async function write(upload: StagedUpload, bytes: Buffer, from = 0): Promise<void> {
  const leaves: Uint8Array[] = [];
  const tree = new TreeDigest(sha256Provider.create, (leaf, index) => {
    leaves[index] = leaf;
  });
  tree.update(bytes);
  for (let at = from; at < bytes.length; at += BLOCK_SIZE) {
    const end = Math.min(at + BLOCK_SIZE, bytes.length);
    await upload.write(bytes.subarray(at, end), at);
    const index = at / BLOCK_SIZE;
    if (end - at === BLOCK_SIZE) await upload.blockWritten(leaves[index] as Uint8Array, index);
  }
}

const FILE = content(2 * BLOCK_SIZE + 5, 'new');
const steps: readonly CommitStep[] = [
  'flush',
  'intend',
  'publish',
  'flush folder',
  'clean up',
  'record',
  'done',
];

/** Runs work that is killed, in a copy, at each step of its commits; `at` is called with each copy. */
function killedAtEachStep(
  root: string,
  work: () => Promise<unknown>,
  at: (step: CommitStep, copy: string) => void,
): Promise<void> {
  return copiedAtEachStep(root, work, (step, copy) => {
    bury(copy);
    at(step, copy);
  });
}

/** The same, but that its server is killed is left to the test. */
async function copiedAtEachStep(
  root: string,
  work: () => Promise<unknown>,
  at: (step: CommitStep, copy: string) => void,
): Promise<void> {
  const listener = (message: unknown): void => {
    const { step } = message as { step: CommitStep };
    at(step, copied(root, place()));
  };
  subscribe('filex:commit', listener);
  try {
    await work();
  } finally {
    unsubscribe('filex:commit', listener);
  }
}

/** Sends the file again, from where the store says; returns what became of it. */
async function retry(store: LocalStore, asked: StageRequest, bytes: Buffer): Promise<string> {
  const kept = await store.recall(asked);
  if (kept?.committed !== undefined) return `told again: ${kept.committed.outcome.outcome}`;
  expect(kept === undefined || kept.arguments === asked.arguments).toBe(true);
  const upload = kept === undefined ? await store.stage(asked) : await kept.resume();
  await write(upload, bytes, (kept?.leaves.length ?? 0) * BLOCK_SIZE);
  return (await commit(upload, bytes)).outcome;
}

describe('a server that is killed at any step of a commit', () => {
  it.each(conflictPolicies.flatMap((policy) => [true, false].map((taken) => [policy, taken] as const)))(
    'loses nothing, and publishes once, with the policy %s where the name is taken: %s',
    async (policy, taken) => {
      const root = folder();
      const before = Buffer.from('what was there');
      if (taken) {
        writeFileSync(join(root, 'a'), before);
        utimesSync(join(root, 'a'), 1, 1);
      }
      const copies: [CommitStep, string][] = [];
      const asked = request(keyOf(1), 'a', policy);
      const store = await openStore(root);
      await killedAtEachStep(
        root,
        async () => {
          const upload = await store.stage(asked).catch(() => undefined);
          if (upload === undefined) return;
          await write(upload, FILE);
          await outcomeOf(commit(upload, FILE));
        },
        (step, copy) => copies.push([step, copy]),
      );
      const published = readdirSync(root).filter((name) => name !== '.filex');
      const stores = (policy !== 'fail' && policy !== 'skip') || !taken;
      if (stores) expect(copies.map(([step]) => step)).toEqual(expect.arrayContaining([...steps]));
      for (const [step, copy] of copies) {
        const again = await openStore(copy);
        // Whole, or not there.
        for (const name of readdirSync(copy).filter((one) => one !== '.filex')) {
          const found = readFileSync(join(copy, name));
          expect(found.equals(FILE) || (taken && found.equals(before)), `${step} ${name}`).toBe(true);
        }
        const outcome = await outcomeOf(retry(again, asked, FILE));
        if (!stores) continue;
        // From when the name is taken on, the first attempt has published it.
        const index = steps.indexOf(step);
        if (index > steps.indexOf('publish')) expect(outcome, step).toMatch(/^told again/);
        expect(outcome, step).toMatch(/created|replaced/);
        expect(readdirSync(copy).filter((name) => name !== '.filex')).toEqual(published);
        for (const name of published.filter((one) => !taken || policy !== 'rename' || one !== 'a'))
          expect(readFileSync(join(copy, name)).equals(FILE), step).toBe(true);
        expect(stagedIn(copy), step).toEqual([]);
        const told = (await again.recall(asked))?.committed?.outcome;
        // One that was on record already is that of the original, which the copy is not.
        if (step !== 'done') expect(told?.etag, step).toBe((await again.stat(told?.path ?? '')).etag);
        expect(await retry(again, asked, FILE)).toMatch(/^told again/);
      }
    },
    60_000,
  );

  it('does not publish again what somebody has replaced since', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'what was there');
    const asked = request(keyOf(1), 'a', 'overwrite');
    const later = content(10, 'later');
    const copies: string[] = [];
    const store = await openStore(root);
    await killedAtEachStep(
      root,
      async () => {
        const upload = await store.stage(asked);
        await write(upload, FILE);
        await commit(upload, FILE);
      },
      (step, copy) => {
        if (steps.indexOf(step) > steps.indexOf('publish')) copies.push(copy);
      },
    );
    expect(copies).toHaveLength(4);
    for (const copy of copies) {
      const again = await openStore(copy);
      expect(await retry(again, request(keyOf(2), 'a', 'overwrite'), later)).toBe('replaced');
      expect(await retry(again, asked, FILE)).toBe('told again: replaced');
      expect(readFileSync(join(copy, 'a')).equals(later)).toBe(true);
    }
  });
});

describe('an upload that was cut', () => {
  it('goes on after the blocks that are there, after a crash as after a stop', async () => {
    const lengths = fc.integer({ min: 0, max: 3 * BLOCK_SIZE });
    await fc.assert(
      fc.asyncProperty(lengths, lengths, fc.boolean(), fc.boolean(), async (first, rest, isCrash, syncs) => {
        const root = folder();
        const bytes = content(first + rest, 'x');
        const asked = request(keyOf(1), 'a');
        const store = await LocalStore.open(root);
        const upload = await store.stage(asked);
        await write(upload, bytes.subarray(0, first));
        if (syncs) await upload.sync();
        let next = root;
        if (isCrash) {
          next = crashed(root, place());
          await upload.abort();
        } else await upload.suspend();
        await store.close();
        const again = await LocalStore.open(next);
        const kept = await again.recall(asked);
        expect(kept?.leaves.length ?? 0).toBe(Math.floor(first / BLOCK_SIZE));
        expect(await again.keptBytes('')).toBe(BLOCK_SIZE * (kept?.leaves.length ?? 0));
        expect(await retry(again, asked, bytes)).toBe('created');
        expect(readFileSync(join(next, 'a')).equals(bytes)).toBe(true);
        expect(stagedIn(next)).toEqual([]);
        expect(await again.keptBytes('')).toBe(0);
        await again.close();
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('keeps the highest epoch that was told', async () => {
    const root = folder();
    const asked = request(keyOf(1), 'a');
    let at = root;
    for (let epoch = 1; epoch < 4; epoch += 1) {
      const store = await LocalStore.open(at);
      const kept = await store.recall(asked);
      if (epoch > 1) expect(kept?.epoch).toBe(epoch - 1);
      const upload = kept === undefined ? await store.stage(asked) : await kept.resume();
      if (kept === undefined) await write(upload, FILE);
      await upload.fence(epoch);
      at = crashed(at, place());
      await upload.abort();
      await store.close();
    }
  });

  it('starts again where digests are damaged or torn, after those that are not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(71), fc.boolean(), async (at, isTorn) => {
        const root = folder();
        const asked = request(keyOf(1), 'a');
        const store = await LocalStore.open(root);
        const upload = await store.stage(asked);
        await write(upload, FILE);
        await upload.suspend();
        await store.close();
        const [owner] = readdirSync(join(root, '.filex/staging')) as [string];
        const [name] = stagedIn(root).filter((one) => one.endsWith('.leaves')) as [string];
        const path = join(root, '.filex/staging', owner, name);
        const digests = readFileSync(path);
        if (isTorn) writeFileSync(path, digests.subarray(0, at));
        else writeFileSync(path, digests.fill((digests[at] as number) ^ 1, at, at + 1));
        const again = await LocalStore.open(root);
        const kept = await again.recall(asked);
        expect(kept?.leaves.length ?? 0).toBe(Math.floor(at / 36));
        expect(await retry(again, asked, FILE)).toBe('created');
        expect(readFileSync(join(root, 'a')).equals(FILE)).toBe(true);
        await again.close();
      }),
      { numRuns: 15 },
    );
  }, 60_000);

  it('is forgotten when it is too old, or others were cut since, and never while somebody is at work on it', async () => {
    const root = folder();
    const store = await openStore(root, { uploads: { maxSuspendedUploads: 2, resumeTimeout: 3_600_000 } });
    const busy = await store.stage(request(keyOf(9), 'busy'));
    await write(busy, FILE);
    for (const number of [1, 2, 3]) {
      const upload = await store.stage(request(keyOf(number), `a${number}`));
      await write(upload, FILE);
      await upload.suspend();
    }
    expect(await store.recall(keyOf(1))).toBeUndefined();
    expect((await store.recall(keyOf(3)))?.leaves).toHaveLength(2);
    const copy = crashed(root, place());
    const late = await openStore(copy, { uploads: { resumeTimeout: 1 } });
    expect(await late.recall(keyOf(3))).toBeUndefined();
    expect(stagedIn(copy)).toEqual([]);
    expect((await commit(busy, FILE)).outcome).toBe('created');
  });

  it('makes room for others when there is none', async () => {
    const root = folder();
    const free = 5 * BLOCK_SIZE;
    const store = await openStore(root, {
      keepFree: 0,
      fileSystemSpace: async () => ({
        free: free - (await store.keptBytes('')),
        total: 1e12,
        block: 4096,
      }),
    });
    const upload = await store.stage(request(keyOf(1), 'a'));
    await write(upload, FILE);
    await upload.suspend();
    const large = await store.stage({ ...request(keyOf(2), 'b'), size: 4 * BLOCK_SIZE });
    expect(await store.recall(keyOf(1))).toBeUndefined();
    await large.abort();
  });
});

describe('two servers on one folder', () => {
  it('never both have one upload: who takes it over fences the other', async () => {
    const root = folder();
    const asked = request(keyOf(1), 'a', 'overwrite');
    const first = await openStore(root);
    const second = await openStore(root);
    const old = await first.stage(asked);
    await write(old, FILE.subarray(0, BLOCK_SIZE + 7));
    const kept = await second.recall(asked);
    expect(kept?.leaves).toHaveLength(1);
    // What the first still writes gets nowhere.
    await old.write(Buffer.alloc(BLOCK_SIZE, 'late'), BLOCK_SIZE + 7);
    const upload = (await kept?.resume()) as StagedUpload;
    await upload.fence(2);
    await write(upload, FILE, BLOCK_SIZE);
    expect(await outcomeOf(commit(old, Buffer.alloc(2 * BLOCK_SIZE + 7)))).toBe('SUPERSEDED');
    expect((await commit(upload, FILE)).outcome).toBe('created');
    expect(readFileSync(join(root, 'a')).equals(FILE)).toBe(true);
    // And back again, whoever is asked.
    for (const store of [first, second]) expect(await retry(store, asked, FILE)).toBe('told again: created');
    expect(stagedIn(root)).toEqual([]);
  });

  it('commit one upload once, when it comes to both at the same time', async () => {
    for (let round = 0; round < 10; round += 1) {
      const root = folder();
      const asked = request(keyOf(1), 'a', 'rename');
      const stores = [await openStore(root), await openStore(root)];
      const uploads = await Promise.all(stores.map((store) => store.stage(asked)));
      for (const upload of uploads) await upload.write(Buffer.from('x'), 0);
      const outcomes = await Promise.all(
        uploads.map((upload) => outcomeOf(commit(upload, Buffer.from('x')).then(({ outcome }) => outcome))),
      );
      for (const outcome of outcomes) expect(['created', 'BUSY']).toContain(outcome);
      expect(outcomes.filter((outcome) => outcome === 'created').length).toBeLessThanOrEqual(1);
      for (const store of stores) expect(await retry(store, asked, Buffer.from('x'))).toMatch(/created$/);
      expect(readdirSync(root)).toEqual(['.filex', 'a']);
    }
  });

  it('take over what the other has left when it is gone', async () => {
    const root = folder();
    const asked = request(keyOf(1), 'a');
    const store = await LocalStore.open(root);
    const upload = await store.stage(asked);
    await write(upload, FILE);
    const copy = crashed(root, place());
    await upload.abort();
    await store.close();
    const [one, other] = await Promise.all([openStore(copy), openStore(copy)]);
    expect(await retry(other as LocalStore, asked, FILE)).toBe('created');
    expect(await retry(one as LocalStore, asked, FILE)).toBe('told again: created');
    expect(stagedIn(copy)).toEqual([]);
  });
});

/** A copy for each step at which a server stands still, in the middle of a commit of `FILE` to `d/a`. */
async function standstills(asked: StageRequest, bytes: Buffer): Promise<Map<CommitStep, string>> {
  const root = folder();
  mkdirSync(join(root, 'd'));
  if (asked.ifExists === 'overwrite') writeFileSync(join(root, 'd/a'), 'what was there');
  const copies = new Map<CommitStep, string>();
  const store = await openStore(root);
  await copiedAtEachStep(
    root,
    async () => {
      const upload = await store.stage(asked);
      await write(upload, bytes);
      await commit(upload, bytes);
    },
    (step, copy) => copies.set(step, copy),
  );
  return copies;
}

const LATER = content(10, 'later');
/** How another server can take the name of a file. */
const takings: readonly [string, (store: LocalStore) => Promise<unknown>][] = [
  ['replaced', (store) => retry(store, request(keyOf(2), 'd/a', 'overwrite'), LATER)],
  ['removed', (store) => store.remove('d/a', { recursive: false })],
  ['removed with its folder', (store) => store.remove('d', { recursive: true })],
  ['moved', (store) => store.rename('d/a', 'd/b', { ifExists: 'fail' })],
  ['moved with its folder', (store) => store.rename('d', 'e', { ifExists: 'fail' })],
  [
    'replaced by a file that is moved',
    async (store) => {
      await retry(store, request(keyOf(2), 'b'), LATER);
      await store.rename('b', 'd/a', { ifExists: 'overwrite' });
    },
  ],
];

describe('what a server has published, and not put on record, and another one has taken the name of', () => {
  const cases = takings.flatMap(([words, take]) =>
    (['fail', 'overwrite'] as const).map((policy) => ({ words, take, policy })),
  );
  it.each(cases)(
    'is not published again when the first is gone: $words, $policy',
    async ({ take, policy }) => {
      const asked = request(keyOf(1), 'd/a', policy);
      const copies = await standstills(asked, FILE);
      for (const diesFirst of [false, true]) {
        for (const step of ['flush folder', 'clean up', 'record'] as const) {
          const copy = copied(copies.get(step) as string, place());
          const others = ownersIn(copy);
          const store = await openStore(copy);
          if (diesFirst) bury(copy, others);
          await take(store);
          if (!diesFirst) bury(copy, others);
          const seen = execFileSync('ls', ['-R', copy]);
          expect(await retry(store, asked, FILE), step).toMatch(/^told again: (?:created|replaced)$/);
          expect(execFileSync('ls', ['-R', copy]), step).toEqual(seen);
          await store.sweep();
          expect(stagedIn(copy), step).toEqual([]);
        }
      }
    },
  );

  it('is told of after the one who took its name is gone, too', async () => {
    const asked = request(keyOf(1), 'd/a');
    const copies = await standstills(asked, FILE);
    for (const step of ['flush folder', 'clean up', 'record'] as const) {
      const copy = copies.get(step) as string;
      const others = ownersIn(copy);
      const store = await LocalStore.open(copy);
      expect(await retry(store, request(keyOf(2), 'd/a', 'overwrite'), LATER)).toBe('replaced');
      await store.close();
      const third = await openStore(copy);
      bury(copy, others);
      expect(await retry(third, asked, FILE), step).toBe('told again: created');
      expect(readFileSync(join(copy, 'd/a')).equals(LATER)).toBe(true);
      await third.sweep();
      expect(stagedIn(copy), step).toEqual([]);
    }
  });
});

it('an upload that was staged before another server published it is not published as well', async () => {
  const asked = request(keyOf(1), 'd/a', 'overwrite');
  const copies = await standstills(asked, LATER);
  for (const diesFirst of [false, true]) {
    for (const step of steps.slice(1, -1)) {
      const copy = copied(copies.get(step) as string, place());
      const others = ownersIn(copy);
      const store = await openStore(copy);
      const upload = await store.stage(asked);
      await write(upload, LATER);
      if (diesFirst) bury(copy, others);
      const isPublished = steps.indexOf(step) > steps.indexOf('publish');
      const isIntended = steps.indexOf(step) > steps.indexOf('intend');
      const outcome = await outcomeOf(commit(upload, LATER).then((done) => done.outcome));
      expect(outcome, step).toBe(isPublished || (isIntended && !diesFirst) ? 'BUSY' : 'replaced');
      if (!diesFirst) bury(copy, others);
      expect(await retry(store, asked, LATER)).toMatch(/replaced$/);
      expect(readFileSync(join(copy, 'd/a')).equals(LATER)).toBe(true);
    }
  }
});

it('what another server was about to publish is taken from it, and published once', async () => {
  const asked = request(keyOf(1), 'd/a');
  const copies = await standstills(asked, FILE);
  for (const step of ['flush', 'intend', 'publish'] as const) {
    const copy = copies.get(step) as string;
    const store = await openStore(copy);
    // The other one still runs, and would find nothing to publish any more.
    expect(await retry(store, asked, FILE), step).toBe('created');
    expect(stagedIn(copy), step).toEqual([]);
  }
});

it('tells a higher epoch than any server has told', async () => {
  const root = folder();
  const asked = request(keyOf(1), 'a');
  const [one, other] = [await openStore(root), await openStore(root)];
  expect(await retry(one, asked, FILE)).toBe('created');
  for (let epoch = 2; epoch < 8; epoch += 1) {
    const kept = await (epoch % 2 === 0 ? one : other).recall(asked);
    expect(kept?.epoch).toBe(epoch - 1);
    await kept?.fence(epoch);
  }
});

it('a server that dies between its intent and the name has published nothing, however often the client comes back', async () => {
  const asked = request(keyOf(1), 'd/a');
  const small = Buffer.from('small');
  const copy = (await standstills(asked, small)).get('publish') as string;
  const others = ownersIn(copy);
  const other = await openStore(copy);
  bury(copy, others);
  for (const ends of ['abort', 'abort', 'commit'] as const) {
    const kept = await other.recall(asked);
    expect(kept?.committed).toBeUndefined();
    const upload = kept === undefined ? await other.stage(asked) : await kept.resume();
    await upload.write(small, 0);
    if (ends === 'abort') await upload.abort();
    else expect((await commit(upload, small)).outcome).toBe('created');
  }
  expect(readFileSync(join(copy, 'd/a'), 'utf8')).toBe('small');
});

it('goes on where an earlier attempt could not clean up', async () => {
  const root = folder();
  const store = await openStore(root);
  const asked = request(keyOf(1), 'a');
  const upload = await store.stage(asked);
  const [owner] = readdirSync(join(root, '.filex/staging')) as [string];
  const [name] = stagedIn(root) as [string];
  await upload.abort();
  writeFileSync(join(root, '.filex/staging', owner, name), 'left');
  expect(await retry(store, asked, FILE)).toBe('created');
});

it('without durability nothing is flushed, and all that is written is there for the next process', async () => {
  const root = folder();
  const store = await LocalStore.open(root, { durability: 'none' });
  const asked = request(keyOf(1), 'a');
  const upload = await store.stage(asked);
  await write(upload, FILE);
  expect(await upload.sync()).toBe(FILE.length);
  const copy = crashed(root, place());
  await upload.abort();
  await store.close();
  const again = await openStore(copy, { durability: 'none' });
  expect((await again.recall(asked))?.leaves).toHaveLength(2);
  expect(await retry(again, asked, FILE)).toBe('created');
});
