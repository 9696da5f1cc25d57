import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FilexError } from '../../errors.js';
import { receiptSigner, verifyReceipt } from '../receipts.js';
import { failureOf } from '../testing/deferred.js';
import { content, Rig } from '../testing/rig.js';
import type { ReceiptFacts } from '../types.js';

const sign = receiptSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);

/** A server that gives receipts, and what it was asked to sign. */
async function signing() {
  const asked: ReceiptFacts[] = [];
  const receipts = (facts: ReceiptFacts): Uint8Array => {
    asked.push(facts);
    return sign(facts);
  };
  const rig = await Rig.start({ server: { receipts } });
  return { rig, asked, session: await rig.connect() };
}

const file = content(5000);
const operationId = '5a'.repeat(16);

describe('a receipt of an upload', () => {
  it('says what was committed, for whom, where and when', async () => {
    const { session } = await signing();
    const before = Date.now() * 1000;
    const result = await session.upload(file, 'a', { receipt: true, operationId });
    const { statement } = verifyReceipt(result.receipt as Uint8Array);
    expect(statement).toMatchObject({
      principal: 'anonymous',
      path: 'a',
      size: file.length,
      algorithm: 'sha256',
      digest: new Uint8Array(Buffer.from(result.digest as string, 'hex')),
      operationId: new Uint8Array(Buffer.from(operationId, 'hex')),
    });
    expect(statement?.time).toBeGreaterThanOrEqual(before);
    expect(statement?.time).toBeLessThanOrEqual(Date.now() * 1000);
  });

  it('is not made when nobody asks', async () => {
    const { session, asked } = await signing();
    expect((await session.upload(file, 'a')).receipt).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('names the path that the file got', async () => {
    const { session, rig } = await signing();
    rig.handler.put('a', content(10, 2));
    const { path, receipt } = await session.upload(file, 'a', { receipt: true, ifExists: 'rename' });
    expect(path).toBe('a (1)');
    expect(verifyReceipt(receipt as Uint8Array).statement).toMatchObject({ path });
  });

  it('is for what was there already, too', async () => {
    const { session, rig } = await signing();
    rig.handler.put('a', file);
    const { outcome, receipt } = await session.upload(file, 'a', { receipt: true });
    expect(outcome).toBe('identical');
    expect(verifyReceipt(receipt as Uint8Array).statement).toMatchObject({ path: 'a', size: file.length });
  });

  it('states the same facts when it is asked for again, also by who did not ask the first time', async () => {
    const { session, asked, rig } = await signing();
    await session.upload(file, 'a', { operationId });
    for (const earlierAttempts of [1, 2])
      await session.upload(file, 'a', { operationId, earlierAttempts, receipt: true });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[0]).toMatchObject({ size: file.length, path: 'a' });
    expect(rig.handler.told).toHaveLength(1);
  });

  it('keeps the time of the commit, however late it is asked for', async () => {
    const { session, asked } = await signing();
    const first = await session.upload(file, 'a', { operationId, receipt: true });
    while (Date.now() * 1000 <= (asked[0]?.time ?? 0)) await session.ping();
    const again = await session.upload(file, 'a', { operationId, receipt: true, earlierAttempts: 1 });
    const said = [first, again].map(({ receipt }) => verifyReceipt(receipt as Uint8Array).statement);
    expect(said[1]).toEqual(said[0]);
  });

  it('is left out by a server that gives none', async () => {
    const rig = await Rig.start();
    const result = await (await rig.connect()).upload(file, 'a', { receipt: true });
    expect(result).toMatchObject({ outcome: 'created', receipt: undefined });
  });

  it('that cannot be made is told as a failure, and not that nothing happened', async () => {
    const receipts = (): Uint8Array => {
      throw new FilexError('IO_ERROR', 'the key is locked away');
    };
    const rig = await Rig.start({ server: { receipts } });
    const session = await rig.connect();
    const error = await failureOf(session.upload(file, 'a', { receipt: true }));
    expect(error).toMatchObject({ code: 'IO_ERROR', effect: 'applied' });
    expect(rig.handler.files.has('a')).toBe(true);
    expect(await session.ping()).toBeGreaterThanOrEqual(0);
  });
});
