import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TransferResult, UploadOptions, UploadSource } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { fakeProcess } from '../testing/fake-io.js';
import { MemorySession } from '../testing/memory-session.js';
import { factsOf, signers } from '../testing/receipts.js';
import { plant, temporaryFolder } from '../testing/temporary-folder.js';
import { readReceiptLine } from './receipt-line.js';

/** A server that gives receipts; `make` may make them wrong. */
class GivingSession extends MemorySession {
  make: (result: TransferResult) => Uint8Array | undefined = ({ path, size, digest }) =>
    signers.own(
      factsOf(path, '', { principal: 'anonymous', size, digest: Buffer.from(digest as string, 'hex') }),
    );
  asked = 0;

  override async upload(
    source: UploadSource,
    path: string,
    options: UploadOptions = {},
  ): Promise<TransferResult> {
    const result = await super.upload(source, path, options);
    if (options.receipt !== true) return result;
    this.asked += 1;
    return result.outcome === 'skipped' ? result : { ...result, receipt: this.make(result) };
  }
}

const url = 'filex+tcp://h/d/';

function start(files: Record<string, string> = { 't/a': 'A', 't/deep/b': 'B' }) {
  const folder = temporaryFolder();
  plant(folder, files);
  const session = new GivingSession();
  session.add('d/');
  const it = fakeProcess({ session, stdin: [Buffer.from('typed')] });
  const receipts = join(folder, 'receipts');
  const put = (...words: string[]) => it.run('put', '-r', '--receipts', receipts, ...words);
  const lines = () =>
    readFileSync(receipts, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => {
        const read = readReceiptLine(text);
        if ('fault' in read) throw new Error(read.fault);
        return read.line;
      });
  return { folder, session, it, put, lines, receipts };
}

describe('put --receipts', () => {
  it('adds a line for each file, with where it came from and where it is', async () => {
    const { folder, put, lines } = start();
    expect(await put(join(folder, 't'), url)).toBe(0);
    expect(await put(`${join(folder, 't')}/.`, `${url}x`)).toBe(0);
    expect(await put('-', `${url}stream`)).toBe(0);
    const seen = lines().map(({ server, file, path }) => [server, file, path]);
    expect(seen.sort()).toEqual([
      ['filex+tcp://h:12345/', undefined, 'd/stream'],
      ['filex+tcp://h:12345/', 'a', 'd/x/a'],
      ['filex+tcp://h:12345/', 'deep/b', 'd/x/deep/b'],
      ['filex+tcp://h:12345/', 't/a', 'd/t/a'],
      ['filex+tcp://h:12345/', 't/deep/b', 'd/t/deep/b'],
    ]);
  });

  it('has the path that the file got, and what was there already, but nothing that was skipped', async () => {
    const { folder, session, put, lines, receipts } = start({ a: 'A', b: 'B' });
    session.add('d/a', 'other').add('d/b', 'B');
    expect(await put('--if-exists', 'rename', join(folder, 'a'), url)).toBe(0);
    expect(await put(join(folder, 'b'), url)).toBe(0);
    expect(
      lines()
        .map(({ file, path }) => [file, path])
        .sort(),
    ).toEqual([
      ['a', 'd/a (1)'],
      ['b', 'd/b'],
    ]);
    const before = readFileSync(receipts, 'utf8');
    expect(await put('--if-exists', 'skip', join(folder, 'a'), url)).toBe(0);
    expect(readFileSync(receipts, 'utf8')).toBe(before);
  });

  it('asks for none without it, and makes no file in a dry run', async () => {
    const { folder, session, it, put, receipts } = start();
    expect(await it.run('put', '-r', join(folder, 't'), url)).toBe(0);
    expect(await put('-n', join(folder, 't'), url)).toBe(0);
    expect(session.asked).toBe(0);
    expect(() => readFileSync(receipts)).toThrow(/ENOENT/);
  });

  it('sends nothing when the receipts could not be written', async () => {
    const { folder, session, it } = start();
    mkdirSync(join(folder, 'folder'));
    expect(await it.run('put', '-r', '--receipts', join(folder, 'folder'), join(folder, 't'), url)).toBe(11);
    expect(session.log).toEqual([]);
    expect(it.connected).toEqual([]);
  });

  it('fails when the server gives none, and says that the file is stored', async () => {
    const { folder, session, it, put, lines } = start({ a: 'A' });
    session.make = () => undefined;
    expect(await put(join(folder, 'a'), url)).toBe(1);
    expect(it.stderr()).toContain('"d/a" is stored, but the server gives no receipts');
    expect(session.text('d/a')).toBe('A');
    expect(lines()).toEqual([]);
  });

  it.each<[string, (result: TransferResult) => Uint8Array]>([
    [
      'for another path',
      ({ size, digest }) =>
        signers.own(
          factsOf('x', '', { principal: 'anonymous', size, digest: Buffer.from(digest as string, 'hex') }),
        ),
    ],
    [
      'for somebody else',
      ({ path, size, digest }) =>
        signers.own(
          factsOf(path, '', { principal: 'ann', size, digest: Buffer.from(digest as string, 'hex') }),
        ),
    ],
    [
      'for another content',
      ({ path, size }) => signers.own(factsOf(path, 'x', { principal: 'anonymous', size })),
    ],
    [
      'for another size',
      ({ path, digest }) =>
        signers.own(
          factsOf(path, 'xyz', { principal: 'anonymous', digest: Buffer.from(digest as string, 'hex') }),
        ),
    ],
    ['that is none', () => Buffer.from('nonsense')],
  ])('fails when it gives one %s', async (_, make) => {
    const { folder, session, it, put, lines } = start({ a: 'A' });
    session.make = make;
    expect(await put(join(folder, 'a'), url)).toBe(12);
    expect(it.stderr()).toContain('is stored, but the receipt that the server gave is not right');
    expect(lines()).toEqual([]);
  });

  it('fails when it is signed with another key than the server has shown', async () => {
    const { folder, session, put } = start({ a: 'A' });
    const identity = { name: 'h:1', fingerprint: 'sha256:other', authorized: false, reason: undefined };
    Object.assign(session, { server: { ...session.server, identity } });
    expect(await put(join(folder, 'a'), url)).toBe(12);
  });
});
