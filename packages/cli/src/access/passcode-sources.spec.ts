import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { type FakeOptions, fakeProcess } from '../testing/fake-io.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { PasscodeSources } from './passcode-sources.js';

const sources = (options: FakeOptions, fromInput = false): PasscodeSources =>
  new PasscodeSources(fakeProcess(options).io, fromInput);

function config(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'credentials'), 'ann@nas file\n', { mode: 0o600 });
  return folder;
}

describe('passcodes', () => {
  it('come from standard input, then the environment, then the file', async () => {
    const options = {
      env: { FILEX_PASSCODE: 'env' },
      stdin: [Buffer.from('input\n')],
      configDirectory: config(),
    };
    expect(await sources(options, true).find('ann', 'nas:12345')).toMatchObject({ passcode: 'input' });
    expect(await sources(options).find('ann', 'nas:12345')).toMatchObject({ passcode: 'env' });
    const empty = { ...options, env: { FILEX_PASSCODE: '' } };
    expect(await sources(empty).find('ann', 'nas:12345')).toMatchObject({ passcode: 'file' });
    expect(await sources(empty).find('bob', 'nas:12345')).toBeUndefined();
  });

  it('of standard input are its first line, however it is cut, read once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.stringMatching(/^[!-~é]{1,20}$/),
        fc.constantFrom('', '\n', '\r\n', '\nmore\nlines'),
        fc.array(fc.nat({ max: 30 }), { maxLength: 5 }),
        async (passcode, end, cuts) => {
          const bytes = Buffer.from(passcode + end);
          const marks = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = marks.slice(1).map((mark, i) => bytes.subarray(marks[i], mark));
          const input = sources({ stdin: chunks.filter((chunk) => chunk.length > 0) }, true);
          const found = await Promise.all([input.find('ann', 'nas:12345'), input.find('ann', 'nas:1')]);
          expect(found.map((one) => one?.passcode)).toEqual([passcode, passcode]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([[[]], [['\n']], [['\r\nlate']]])('standard input without one (%j) is told', async (chunks) => {
    const input = sources({ stdin: chunks.map((text) => Buffer.from(text)) }, true);
    await expect(input.find('ann', 'nas:12345')).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  });

  it('of standard input end, and do not come from a terminal', async () => {
    function* endless(): Generator<Buffer> {
      for (;;) yield Buffer.alloc(bounds.passcodeSize, 'x');
    }
    await expect(sources({ stdin: endless() }, true).find('ann', 'nas:1')).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    });
    await expect(sources({ terminal: true }, true).find('ann', 'nas:1')).rejects.toThrow(/terminal/);
  });
});
