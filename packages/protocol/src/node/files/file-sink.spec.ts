import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { DownloadInfo } from '../types.js';
import { FileSink } from './file-sink.js';
import { modificationTime } from './file-times.js';
import { openWithin, temporaryFolder } from './testing/temporary-folder.js';

const root = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(root, String(count));
  mkdirSync(path);
  return path;
};
const info = (size: number): DownloadInfo => ({
  entry: { path: 'remote.txt', kind: 'file', size, mtime: 1_700_000_000_123_456, executable: true },
  digest: new Uint8Array(32),
  algorithm: 'sha256',
});

afterEach(() => expect(openWithin(root)).toEqual([]));

describe('FileSink', () => {
  it('stays hidden until committed, then is there whole with its time', async () => {
    const at = folder();
    const sink = await FileSink.open(join(at, 'local.txt'));
    await sink.write(Buffer.from('con'));
    await sink.write(Buffer.from('tent'));
    expect(readdirSync(at)).toEqual([expect.stringMatching(/^\.filex-[0-9a-f]{32}\.part$/)]);
    expect(await sink.commit(info(7))).toEqual({ outcome: 'created', path: join(at, 'local.txt') });
    expect(readdirSync(at)).toEqual(['local.txt']);
    expect(readFileSync(join(at, 'local.txt'), 'utf8')).toBe('content');
    expect(modificationTime(statSync(join(at, 'local.txt'), { bigint: true }))).toBe(1_700_000_000_123_456);
  });

  it('leaves nothing when aborted, or when it may not publish', async () => {
    const at = folder();
    const sink = await FileSink.open(join(at, 'local.txt'));
    await sink.write(Buffer.from('con'));
    await sink.abort();
    expect(readdirSync(at)).toEqual([]);

    const late = await FileSink.open(join(at, 'local.txt'));
    await late.write(Buffer.from('new'));
    writeFileSync(join(at, 'local.txt'), 'mine');
    await expect(late.commit(info(3))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(readdirSync(at)).toEqual(['local.txt']);
    expect(readFileSync(join(at, 'local.txt'), 'utf8')).toBe('mine');
  });

  it('goes on after what counts, whatever is behind it', async () => {
    const at = folder();
    const sink = await FileSink.open(join(at, 'local.txt'));
    await sink.write(Buffer.from('con'));
    await sink.write(Buffer.from('rubbish'), 3);
    await sink.cut(3);
    await sink.write(Buffer.from('tent'), 3);
    await sink.commit(info(7));
    expect(readFileSync(join(at, 'local.txt'), 'utf8')).toBe('content');
  });

  it('publishes nothing that is not as long as it was said to be', async () => {
    const at = folder();
    const sink = await FileSink.open(join(at, 'local.txt'));
    await sink.write(Buffer.from('tent'), 3);
    await expect(sink.commit(info(7))).rejects.toMatchObject({ code: 'IO_ERROR' });
    expect(readdirSync(at)).toEqual([]);
  });

  it('says where the file went when it had to be renamed', async () => {
    const at = folder();
    writeFileSync(join(at, 'local.txt'), 'mine');
    const sink = await FileSink.open(pathToFileURL(join(at, 'local.txt')), {
      ifExists: 'rename',
      durable: false,
    });
    await sink.write(Buffer.from('new'));
    expect(await sink.commit(info(3))).toEqual({ outcome: 'created', path: join(at, 'local (1).txt') });
  });

  it('refuses before the transfer what can be known to fail', async () => {
    const at = folder();
    writeFileSync(join(at, 'file'), 'mine');
    mkdirSync(join(at, 'folder'));
    const open = (name: string, options = {}) => FileSink.open(join(at, name), options);
    await expect(open('missing/x')).rejects.toMatchObject({ code: 'PARENT_NOT_FOUND' });
    await expect(open('file/x')).rejects.toMatchObject({ code: 'NOT_A_DIRECTORY' });
    await expect(open('folder')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
    await expect(FileSink.open(`${at}/new/`)).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
    await expect(open('file', { ifExists: 'skip' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    const longer = { expected: { size: 5, mtime: 0 } };
    await expect(open('file', longer)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(open('file', { ...longer, ifExists: 'newer' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(readdirSync(at).sort()).toEqual(['file', 'folder']);
  });
});
