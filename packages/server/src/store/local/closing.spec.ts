// First, so that it is in place before anything keeps a function of node:fs.
import '../testing/faults/install.js';

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_SIZE, TreeDigest } from '@filex/protocol';
import { sha256Provider } from '@filex/protocol/node';
import { afterAll, describe, expect, it } from 'vitest';
import { openWithin } from '../../testing/temporary-folder.js';
import { crashed } from '../testing/crash.js';
import { FaultInjector } from '../testing/faults/fault-injector.js';
import type { Errno } from '../testing/faults/file-call.js';
import { scratchFolder } from '../testing/faults/power-loss.js';
import { commit, download } from '../testing/transfer.js';
import { LocalStore } from './local-store.js';

// In memory, where flushing costs nothing.
const top = scratchFolder();
afterAll(() => rmSync(top, { recursive: true, force: true }));

const errnos: readonly Errno[] = ['EIO', 'EROFS', 'EACCES'];
const block = Buffer.alloc(BLOCK_SIZE, 'block');
const whole = Buffer.concat([block, Buffer.from('and the rest')]);
const request = {
  principal: 'ann',
  operationId: 'ab'.repeat(16),
  path: 'x',
  size: whole.length,
  ifExists: 'fail',
  mtime: 1_700_000_000_000_000,
  executable: false,
  arguments: 'x',
} as const;

let count = 0;
const place = (): string => {
  count += 1;
  return join(top, String(count));
};

/** A store, with a block of an upload that was cut, or nothing. */
async function opened(kept: boolean): Promise<{ root: string; store: LocalStore; warnings: string[] }> {
  const root = place();
  mkdirSync(root);
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const store = await LocalStore.open(root, { onWarning });
  if (!kept) return { root, store, warnings };
  const leaves: Uint8Array[] = [];
  new TreeDigest(sha256Provider.create, (leaf) => leaves.push(leaf)).update(whole);
  const upload = await store.stage(request);
  await upload.write(block, 0);
  await upload.blockWritten(leaves[0] as Uint8Array, 0);
  await upload.suspend();
  return { root, store, warnings };
}

async function callsOfClose(kept: boolean): Promise<readonly string[]> {
  const { root, store } = await opened(kept);
  const injector = new FaultInjector(root, { nth: 0, errno: 'EIO' });
  await store.close();
  injector.end();
  return injector.calls;
}

describe.runIf(process.platform === 'linux').each([
  ['with an upload to be gone on with', true],
  ['with nothing', false],
] as const)('a LocalStore that is closed %s', (_, kept) => {
  it.each(errnos)('ends well when a call fails with %s, says so once, and leaves all', async (errno) => {
    const calls = await callsOfClose(kept);
    expect(calls.some((call) => call.startsWith(kept ? 'rename ' : 'rmdir '))).toBe(true);
    for (const lasting of [false, true]) {
      for (const index of calls.keys()) {
        const { root, store, warnings } = await opened(kept);
        const injector = new FaultInjector(root, { nth: index + 1, errno, lasting });
        await store.close();
        injector.end();
        const where = `${errno} at ${injector.failed}, lasting: ${lasting}`;
        const tells = /^could not tidy up what is staged; it is kept for the next server$/;
        if (!lasting) expect(warnings, where).toEqual([expect.stringMatching(tells)]);
        else expect(warnings.length, where).toBeGreaterThan(0);
        expect(openWithin(root), where).toEqual([]);
        const copy = place();
        crashed(root, copy);
        const next = await LocalStore.open(copy);
        const found = await next.recall(request);
        expect(found?.leaves.length, where).toBe(kept ? 1 : undefined);
        const upload = found === undefined ? await next.stage(request) : await found.resume();
        const there = found === undefined ? 0 : BLOCK_SIZE;
        await upload.write(whole.subarray(there), there);
        await commit(upload, whole);
        expect((await download(next, 'x')) === whole.toString(), where).toBe(true);
        await next.close();
        for (const path of [root, copy]) rmSync(path, { recursive: true });
      }
    }
  });
});
