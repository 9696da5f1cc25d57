import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../bounds.js';
import { hintFor } from '../errors.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { KnownHosts } from './known-hosts.js';

const windows = process.platform === 'win32';
const keyOf = (seed: number): string => `sha256:${Buffer.alloc(32, seed).toString('base64url')}`;
const inFolder = (folder: string): KnownHosts => new KnownHosts(folder, process.platform);

/** A file with this text, for its owner only. */
function written(text: string): KnownHosts {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'known_hosts'), text, { mode: 0o600 });
  return inFolder(folder);
}

describe('known hosts', () => {
  it('remember the first key of each server, whatever is tried later', async () => {
    const host = fc.constantFrom('nas:12345', 'nas:1', 'other:12345', '[::1]:12345');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(host, fc.integer({ min: 1, max: 3 })), { maxLength: 12 }),
        async (steps) => {
          const hosts = inFolder(join(temporaryFolder(), 'deep', 'state'));
          const model = new Map<string, string>();
          for (const [name, seed] of steps) {
            const adding = hosts.add(name, keyOf(seed));
            if ((model.get(name) ?? keyOf(seed)) === keyOf(seed)) await adding;
            else await expect(adding).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
            if (!model.has(name)) model.set(name, keyOf(seed));
          }
          for (const name of ['nas:12345', 'nas:1', 'other:12345', '[::1]:12345']) {
            const key = model.get(name);
            expect((await hosts.find(name))?.fingerprints).toEqual(key === undefined ? undefined : [key]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('of clients that run at the same time are all kept, and what was in the file', async () => {
    const folder = temporaryFolder();
    const before = '# mine\nold:12345 sha256:unfinished';
    writeFileSync(join(folder, 'known_hosts'), before, { mode: 0o600 });
    const names = Array.from({ length: 60 }, (_, i) => `host${i}:12345`);
    await Promise.all(names.map((name, i) => inFolder(folder).add(name, keyOf(i))));
    for (const [i, name] of names.entries()) {
      expect(await inFolder(folder).find(name)).toMatchObject({ fingerprints: [keyOf(i)] });
    }
    expect(readFileSync(join(folder, 'known_hosts'), 'utf8').startsWith(`${before}\n`)).toBe(true);
  });

  it.skipIf(windows)('are for their owner only', async () => {
    const folder = join(temporaryFolder(), 'state');
    const hosts = inFolder(folder);
    await hosts.add('nas:12345', keyOf(1));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(hosts.file).mode & 0o777).toBe(0o600);
    expect(readFileSync(hosts.file, 'utf8')).toBe(`nas:12345 ${keyOf(1)}\n`);
    chmodSync(hosts.file, 0o644);
    await hosts.add('nas:1', keyOf(1));
    expect(statSync(hosts.file).mode & 0o777).toBe(0o600);
  });

  it.skipIf(windows).each([0o620, 0o602, 0o666])(
    'that others can write (%o) are not believed',
    async (mode) => {
      const hosts = written(`nas:12345 ${keyOf(1)}\n`);
      chmodSync(hosts.file, mode);
      const failure = await hosts.find('nas:12345').catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining(hosts.file),
      });
      expect(hintFor(failure as never)).toContain(`chmod 600 ${hosts.file}`);
    },
  );

  it('are read as people write them', async () => {
    const hosts = written(
      `\ufeff  NAS ${keyOf(1)} my server\r\n\n#nas:1 ${keyOf(2)}\nnas.:12345\t${keyOf(3)}\n[0::1]:7 ${Buffer.alloc(32, 4).toString('hex')}\nlast:1 ${keyOf(5)}`,
    );
    expect(await hosts.find('nas:12345')).toEqual({ fingerprints: [keyOf(1), keyOf(3)], lines: [1, 4] });
    expect(await hosts.find('nas:1')).toBeUndefined();
    expect(await hosts.find('[::1]:7')).toEqual({ fingerprints: [keyOf(4)], lines: [5] });
    expect(await hosts.find('last:1')).toEqual({ fingerprints: [keyOf(5)], lines: [6] });
  });

  it.each(['nas', 'nas:12345', 'nas sha256:', 'nas sha256:abc', 'nas md5:x', `nas # ${keyOf(1)}`])(
    'a line that cannot be understood, %j, lets nobody in and is not overlooked',
    async (line) => {
      const hosts = written(`${line}\n`);
      expect(await hosts.find('nas:12345')).toEqual({ fingerprints: [], lines: [1] });
      await expect(hosts.add('nas:12345', keyOf(1))).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
    },
  );

  it('that were never written know nobody', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(await inFolder(join(folder, 'none')).find('nas:12345')).toBeUndefined();
    expect(await inFolder(join(folder, 'file')).find('nas:12345')).toBeUndefined();
    await expect(inFolder(join(folder, 'file')).add('nas:12345', keyOf(1))).rejects.toMatchObject({
      message: expect.stringContaining('known_hosts'),
    });
  });

  it('that cannot be read are no reason to know nobody', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'known_hosts'));
    await expect(inFolder(folder).find('nas:12345')).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
  });

  it('do not grow without bound, and forget nobody for it', async () => {
    const line = `nas:12345 ${keyOf(1)}\n`;
    const hosts = written(line + '#'.repeat(bounds.knownHostsSize - line.length - 10));
    await expect(hosts.add('other:1', keyOf(2))).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(await hosts.find('nas:12345')).toMatchObject({ fingerprints: [keyOf(1)] });
    await expect(written('#'.repeat(bounds.knownHostsSize + 1)).find('nas:12345')).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('take no name that would be a line of its own', async () => {
    const hosts = inFolder(temporaryFolder());
    for (const name of ['a\nb:1', 'a b:1', 'a\x1b[2J:1', '']) {
      await expect(hosts.add(name, keyOf(1))).rejects.toMatchObject({ code: 'URL_INVALID' });
    }
    expect(() => statSync(hosts.file)).toThrow();
  });

  it.skipIf(windows)('may be a symlink to where the user keeps such files', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'elsewhere'), '', { mode: 0o600 });
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'known_hosts'));
    await inFolder(folder).add('nas:12345', keyOf(1));
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toContain('nas:12345');
  });
});
