import { chmodSync, existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Code, FilexError, parseUrl } from '@filex/protocol';
import type { TransferResult } from '@filex/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../bounds.js';
import { temporaryFolder } from '../../testing/temporary-folder.js';
import type { DownloadTies, UploadTies } from '../../transfer/memory.js';
import { RememberedTransfers, transfersFolder } from './remembered-transfers.js';
import { TransferStates } from './transfer-states.js';

const result: TransferResult = {
  outcome: 'created',
  path: 'a',
  size: 1,
  digest: undefined,
  algorithm: 'sha256',
};

function scene() {
  const top = temporaryFolder();
  const local = join(top, 'a');
  writeFileSync(local, 'content');
  const folder = transfersFolder(join(top, 'state'));
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const stopped = new AbortController();
  /** As a new run of the program has it. */
  const run = (words?: readonly string[]): RememberedTransfers =>
    new RememberedTransfers(
      { warn, signal: stopped.signal, origin: words && { words, folder: '/' } },
      new TransferStates(folder, { platform: 'linux', warn }),
    );
  const job = {
    url: parseUrl('filex://ann@nas/'),
    remote: 'a',
    local,
    ifExists: 'fail',
    size: 7,
    etag: 'e',
  } as const;
  const states = new TransferStates(folder, { platform: 'linux', warn });
  const files = (): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return { top, local, folder, warnings, stopped, run, job, states, files };
}

/** Sends an upload, and ends as it is told to. */
function upload(
  memory: RememberedTransfers,
  job: Parameters<RememberedTransfers['upload']>[0],
  end: Code | 'OK' = 'OK',
): Promise<{ ties: (UploadTies | undefined)[]; error: FilexError | undefined }> {
  const ties: (UploadTies | undefined)[] = [];
  return memory
    .upload(job, async (tie) => {
      ties.push(tie);
      if (tie?.operationId !== undefined)
        await tie.onAttempt?.({ operationId: tie.operationId, attempt: (tie.earlierAttempts ?? 0) + 1 });
      if (end !== 'OK') throw new FilexError(end);
      return result;
    })
    .then(
      () => ({ ties, error: undefined }),
      (error: unknown) => ({ ties, error: FilexError.from(error) }),
    );
}

describe('uploads that are remembered', () => {
  it('go on with the same id as long as they were cut off, and are forgotten when they have ended', async () => {
    const ends = fc.constantFrom<Code | 'OK'>(
      'OK',
      'CONNECTION_LOST',
      'NO_SPACE',
      'ALREADY_EXISTS',
      'SOURCE_CHANGED',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(ends, { maxLength: 8 }), async (runs) => {
        const { run, job, files, warnings } = scene();
        let expected: { id: string | undefined; attempts: number } | undefined;
        for (const end of runs) {
          const { ties } = await upload(run(), job, end);
          const [tie] = ties;
          if (expected === undefined) expect(tie?.earlierAttempts).toBe(0);
          else expect(tie).toMatchObject({ operationId: expected.id, earlierAttempts: expected.attempts });
          const kept = end === 'CONNECTION_LOST' || end === 'NO_SPACE';
          expected = kept ? { id: tie?.operationId, attempts: (tie?.earlierAttempts ?? 0) + 1 } : undefined;
          expect(files()).toHaveLength(kept ? 1 : 0);
        }
        expect(warnings).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('are written down before the first word is said', async () => {
    const { run, job, states, local } = scene();
    await run(['put', 'x']).upload(job, async (tie) => {
      await tie?.onAttempt?.({ operationId: 'f'.repeat(32), attempt: 3 });
      const [one] = await states.list();
      expect(one?.record).toMatchObject({
        direction: 'upload',
        address: 'filex://ann@nas:12345/',
        remote: 'a',
        local,
        attempts: 3,
        operationId: 'f'.repeat(32),
        origin: { words: ['put', 'x'], folder: '/' },
      });
      return result;
    });
  });

  it.each([
    ['content', (file: string) => writeFileSync(file, 'other content')],
    ['time', (file: string) => utimesSync(file, 1, 1)],
    ['mode', (file: string) => chmodSync(file, 0o755)],
  ])('begin again when the file has another %s', async (_name, change) => {
    const { run, job, local } = scene();
    const first = await upload(run(), job, 'CONNECTION_LOST');
    change(local);
    const second = await upload(run(), job);
    expect(second.ties[0]?.operationId).not.toBe(first.ties[0]?.operationId);
    expect(second.ties[0]?.earlierAttempts).toBe(0);
  });

  it('begin again at once when the server knows the id as something else', async () => {
    const { run, job } = scene();
    await upload(run(), job, 'CONNECTION_LOST');
    const ties: (UploadTies | undefined)[] = [];
    await run().upload(job, async (tie) => {
      ties.push(tie);
      if (tie?.earlierAttempts !== 0) throw new FilexError('OPERATION_MISMATCH');
      return result;
    });
    expect(ties.map((tie) => tie?.earlierAttempts)).toEqual([1, 0]);
  });

  it('are kept when they are given up with the whole command', async () => {
    const { run, job, files, stopped } = scene();
    stopped.abort();
    await upload(run(), job, 'CANCELLED');
    expect(files()).toHaveLength(1);
  });

  it('are not mixed up by two runs at once: the second one is not remembered', async () => {
    const { run, job, warnings } = scene();
    const second = await run().upload(job, async () => {
      const inner = await upload(run(), job);
      // In this process the lock is told apart by who holds it only; a memory of its own is another run.
      expect(inner.error).toBeUndefined();
      return result;
    });
    expect(second).toBe(result);
    const memory = run();
    await memory.upload(job, async () => {
      const inner = await upload(memory, job);
      expect(inner.ties).toEqual([undefined]);
      return result;
    });
    expect(warnings).toEqual([expect.stringMatching(/^Another run is at work on/)]);
  });

  it('take place without being remembered when that cannot be', async () => {
    const { run, job, warnings, top } = scene();
    writeFileSync(join(top, 'state'), 'a file where a folder should be');
    const { ties, error } = await upload(run(), job);
    expect(error).toBeUndefined();
    expect(ties).toEqual([undefined]);
    expect(warnings).toHaveLength(1);
  });

  it('forget a command that is too long', async () => {
    const { run, job, states } = scene();
    await upload(run(['x'.repeat(bounds.rememberedCommand)]), job, 'CONNECTION_LOST');
    expect((await states.list())[0]?.record.origin).toBeUndefined();
  });

  it.each(['{', '{"version":7}', '\u0000\u0000'])('are not led astray by %j', async (text) => {
    const { run, job, states, folder, warnings } = scene();
    await upload(run(), job, 'CONNECTION_LOST');
    const [one] = await states.list();
    writeFileSync(join(folder, `${one?.id}.json`), text);
    const { ties, error } = await upload(run(), job);
    expect(error).toBeUndefined();
    expect(ties[0]?.earlierAttempts ?? 0).toBe(0);
    expect(warnings).toHaveLength(1);
    // What a newer version has written is left to it.
    expect(existsSync(join(folder, `${one?.id}.json`))).toBe(text.includes('version'));
  });
});

describe('downloads that are remembered', () => {
  const download = async (
    memory: RememberedTransfers,
    job: Parameters<RememberedTransfers['download']>[0],
    end: Code | 'OK' = 'OK',
  ): Promise<DownloadTies | undefined> => {
    let seen: DownloadTies | undefined;
    await memory
      .download(job, async (tie) => {
        seen = tie;
        if (end !== 'OK') throw new FilexError(end);
        return result;
      })
      .catch(() => undefined);
    return seen;
  };

  it('are staged in the same place again, and forgotten with the part when they fail for good', async () => {
    const { run, job, states } = scene();
    const first = await download(run(), job, 'CONNECTION_LOST');
    const { file, digests } = first?.partial ?? { file: '', digests: '' };
    writeFileSync(file, 'part');
    writeFileSync(digests, 'digests');
    expect((await states.list())[0]?.record).toMatchObject({ attempts: 1, etag: 'e', part: file, digests });
    expect(await download(run(), job, 'CONNECTION_LOST')).toEqual(first);
    expect((await states.list())[0]?.record.attempts).toBe(2);
    expect(existsSync(file)).toBe(true);
    await download(run(), job, 'NOT_FOUND');
    expect([existsSync(file), existsSync(digests)]).toEqual([false, false]);
    expect(await states.list()).toEqual([]);
  });

  it('never go on from a part that no record leads to', async () => {
    const { run, job, folder } = scene();
    const first = await download(run(), job, 'CONNECTION_LOST');
    const file = first?.partial?.file ?? '';
    writeFileSync(file, 'part');
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'damaged');
    await run().download(job, async (tie) => {
      expect(tie).toEqual(first);
      expect(existsSync(file)).toBe(false);
      return result;
    });
  });
});
