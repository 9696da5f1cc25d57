import { join } from 'node:path';
import { conflictPolicies } from '@filex/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DownloadRecord,
  decodeRecord,
  encodeRecord,
  stagingPlace,
  type TransferRecord,
  transferId,
  type UploadRecord,
} from './transfer-record.js';

const folder = '/home/ann/.local/state/filex/transfers';
const fileOf = (record: TransferRecord): string => join(folder, `${transferId(record)}.json`);

const text = fc.string({ unit: 'binary', maxLength: 40 });
const hex = fc.stringMatching(/^[0-9a-f]{32}$/);
const digits = fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String);
const common = fc.record({
  address: fc.constantFrom('filex://nas:12345/', 'filex://ann@nas:1/', 'filex+tcp://[::1]:9/'),
  remote: text,
  local: text.map((name) => join('/srv', `x${name}`)),
  ifExists: fc.constantFrom(...conflictPolicies),
  size: fc.maxSafeNat(),
  attempts: fc.nat(),
  when: fc.maxSafeNat(),
  origin: fc.option(fc.record({ words: fc.array(text, { maxLength: 4 }), folder: text }), { nil: undefined }),
});
const upload = fc
  .tuple(common, hex, fc.record({ size: digits, mtimeNs: digits, ino: digits, executable: fc.boolean() }))
  .map(
    ([shared, operationId, source]): UploadRecord => ({
      ...shared,
      direction: 'upload',
      operationId,
      source,
    }),
  );
const download = fc
  .tuple(common, fc.option(text, { nil: undefined }))
  .map(([shared, etag]): DownloadRecord => {
    const key = { ...shared, direction: 'download' } as const;
    return { ...key, etag, ...stagingPlace(folder, transferId(key), shared.local) };
  });
const anyRecord = fc.oneof(upload, download);

describe('a record of a transfer', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(decodeRecord(encodeRecord(record), fileOf(record))).toEqual({ record });
      }),
    );
  });

  it('is not taken when any byte of it is another, is missing, or is too much', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, where, change) => {
        const bytes = Buffer.from(encodeRecord(record));
        const at = where % bytes.length;
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ change;
        const shorter = bytes.subarray(0, at);
        const longer = Buffer.concat([bytes.subarray(0, at), Buffer.of(change), bytes.subarray(at)]);
        for (const damaged of [changed, shorter, longer]) {
          expect(decodeRecord(damaged.toString(), fileOf(record))).not.toHaveProperty('record');
        }
      }),
    );
  });

  it('is not taken at every single byte of one', () => {
    const [record] = fc.sample(download, { numRuns: 1, seed: 5 });
    const bytes = Buffer.from(encodeRecord(record as TransferRecord));
    for (let at = 0; at < bytes.length; at += 1) {
      for (const mask of [1, 0x20, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ mask;
        expect(decodeRecord(changed.toString(), fileOf(record as TransferRecord))).toHaveProperty('fault');
      }
    }
  });

  it('is nobody else’s: it has to be under its own name and in its own place', () => {
    fc.assert(
      fc.property(anyRecord, hex, (record, other) => {
        const encoded = encodeRecord(record);
        expect(decodeRecord(encoded, join(folder, `${other}.json`))).toEqual({ fault: 'foreign' });
        const moved = decodeRecord(encoded, join('/elsewhere', `${transferId(record)}.json`));
        // An upload leads to nothing that would be removed.
        if (record.direction === 'download') expect(moved).toEqual({ fault: 'foreign' });
      }),
    );
  });

  it('never makes a part of what is not one, though it has the right checksum', () => {
    const [record] = fc.sample(download, { numRuns: 1, seed: 6 });
    const evil = { ...(record as DownloadRecord), part: '/etc/passwd' };
    expect(decodeRecord(encodeRecord(evil), fileOf(evil))).toEqual({ fault: 'foreign' });
  });

  it.each(['', '{}', 'null', '[]', '{"version":1}', '{"version":1,"checksum":"","transfer":{}}', '\u0000'])(
    '%j is damaged',
    (content) => {
      expect(decodeRecord(content, join(folder, 'x.json'))).toEqual({ fault: 'damaged' });
    },
  );

  it('of a newer version is told as that', () => {
    expect(decodeRecord('{"version":2,"anything":[]}', join(folder, 'x.json'))).toEqual({ fault: 'newer' });
  });
});

describe('what makes two transfers one', () => {
  const key = {
    direction: 'upload',
    address: 'filex://ann@nas:12345/',
    remote: 'a',
    local: '/a',
    ifExists: 'fail',
  } as const;

  it('is not how the server was written', () => {
    const other = { ...key, address: 'filex://ann@NAS./?fp=sha256:'.concat('A'.repeat(43)) };
    expect(transferId(other)).toBe(transferId(key));
  });

  it.each([
    ['direction', { direction: 'download' }],
    ['server', { address: 'filex://ann@nas:1/' }],
    ['user', { address: 'filex://nas:12345/' }],
    ['remote path', { remote: 'b' }],
    ['local path', { local: '/b' }],
    ['policy', { ifExists: 'skip' }],
  ] as const)('is the %s', (_name, change) => {
    expect(transferId({ ...key, ...change })).not.toBe(transferId(key));
  });

  it('is staged under another name wherever it is remembered', () => {
    const id = transferId(key);
    expect(stagingPlace('/x', id, '/a').part).not.toBe(stagingPlace('/y', id, '/a').part);
    expect(stagingPlace('/x', id, '/d/a').part).toMatch(/^\/d\/\.filex-[0-9a-f]{32}\.part$/);
  });
});
