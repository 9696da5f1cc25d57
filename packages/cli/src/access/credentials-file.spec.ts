import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hintFor } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { findCredentials } from './credentials-file.js';

const windows = process.platform === 'win32';

function written(text: string, mode = 0o600): { folder: string; file: string } {
  const folder = temporaryFolder();
  const file = join(folder, 'credentials');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return { folder, file };
}

const find = (folder: string, user: string, name: string) =>
  findCredentials(folder, { user, name }, process.platform);

describe('the credentials file', () => {
  it('gives each user of each server their passcode, the first line that is theirs', async () => {
    const user = fc.constantFrom('ann', 'Ann', 'bob', 'a b', 'a@b');
    const host = fc.constantFrom('nas:12345', 'nas:1', '[::1]:12345');
    const passcode = fc.stringMatching(/^[!-~](?:[ -~é]{0,10}[!-~])?$/);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(user, host, passcode), { maxLength: 8 }), async (lines) => {
        const text = lines.map(([name, at, word]) => `${encodeURIComponent(name)}@${at} ${word}`);
        const { folder } = written(text.join('\n'));
        for (const [name, at] of lines) {
          const expected = lines.find(([otherName, otherAt]) => otherName === name && otherAt === at)?.[2];
          expect((await find(folder, name, at))?.passcode).toBe(expected);
        }
        expect(await find(folder, 'nobody', 'nas:12345')).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  it('is read as people write it, and says where', async () => {
    const { folder, file } = written('# mine\r\n\r\n  ann@NAS.\t two words  \r\n#bob@nas x\n');
    expect(await find(folder, 'ann', 'nas:12345')).toEqual({
      passcode: 'two words',
      source: `line 3 of ${file}`,
    });
    expect(await find(folder, 'bob', 'nas:12345')).toBeUndefined();
    expect(await find(temporaryFolder(), 'ann', 'nas:12345')).toBeUndefined();
  });

  it.skipIf(windows).each([0o640, 0o604, 0o620, 0o644, 0o660])(
    'that others can touch (%o) is refused',
    async (mode) => {
      const { folder, file } = written('ann@nas secret-word\n', mode);
      const failure = await find(folder, 'ann', 'nas:12345').catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('read or written by others'),
      });
      expect(hintFor(failure as never)).toContain(`chmod 600 ${file}`);
    },
  );

  it.each(['nas secret-word', 'ann@nas', 'ann@nas: secret-word @', 'ann:secret-word@nas', 'secret-word'])(
    'a line that makes no sense, %j, is told by its number, without what is in it',
    async (line) => {
      const { folder } = written(`# comment\n${line}\n`);
      const outcome = await find(folder, 'someone', 'else:1').catch((error: unknown) => error);
      if (line.startsWith('ann@nas:')) return expect(outcome).toBeUndefined();
      expect(outcome).toMatchObject({ code: 'AUTH_FAILED', message: expect.stringContaining('line 2 of') });
      expect(JSON.stringify(outcome) + String(outcome)).not.toContain('secret-word');
    },
  );
});
