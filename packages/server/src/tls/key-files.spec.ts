import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, fingerprintOf, type TlsKey } from '@filex/protocol/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServer } from '../create-server.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { KeyFiles } from './key-files.js';
import { temporaryKey } from './server-key.js';

const folder = temporaryFolder();
const [one, two] = await Promise.all([temporaryKey(), temporaryKey()]);
let count = 0;

/** Looks only when told to, unless `interval` says otherwise. */
async function watching({ first = one, interval = 2 ** 30 }: { first?: TlsKey; interval?: number } = {}) {
  count += 1;
  const paths = { cert: join(folder, `${count}.crt`), key: join(folder, `${count}.key`) };
  const write = (name: 'cert' | 'key', content: TlsKey['key']) => {
    writeFileSync(`${paths[name]}.new`, content, { mode: 0o600 });
    renameSync(`${paths[name]}.new`, paths[name]);
  };
  write('cert', first.cert);
  write('key', first.key);
  const warnings: string[] = [];
  const changes: string[] = [];
  const files = await KeyFiles.open({
    ...paths,
    interval,
    onWarning: (message) => warnings.push(message),
    onChange: (fingerprint) => changes.push(fingerprint),
  });
  onTestFinished(() => files.close());
  return { files, paths, write, warnings, changes };
}

describe('KeyFiles', () => {
  it('gives new connections the new pair, and leaves those that there are alone', async () => {
    const { files, write, changes, warnings } = await watching();
    const root = temporaryFolder();
    const server = await createServer({
      root,
      host: '127.0.0.1',
      port: 0,
      tls: files.context,
      fingerprint: files.fingerprint,
      anonymous: 'read',
    });
    onTestFinished(() => server.destroy());
    const url = server.urls[0] as string;
    expect(url).toContain(fingerprintOf(one.cert));
    const before = await connect(url);
    write('cert', two.cert);
    write('key', two.key);
    await files.look();
    expect(changes).toEqual([fingerprintOf(two.cert)]);
    await expect(connect(url)).rejects.toMatchObject({ code: 'IDENTITY_CHANGED' });
    const after = await connect(url.replace(/fp=.*/, `fp=${fingerprintOf(two.cert)}`));
    expect(await before.ping()).toBeGreaterThanOrEqual(0);
    await Promise.all([before.close(), after.close()]);
    expect(warnings).toEqual([]);
  });

  it('keeps the old pair while the new one is broken, and says so once', async () => {
    const { files, paths, write, warnings, changes } = await watching();
    const damages = [
      () => write('key', 'nonsense'),
      () => write('key', two.key),
      () => rmSync(paths.cert),
      () => write('cert', ''),
    ];
    for (const damage of damages) {
      damage();
      // Once may be in the middle of a renewal.
      await files.look();
      expect(warnings.splice(0)).toEqual([]);
      for (let times = 0; times < 3; times += 1) await files.look();
      expect(warnings.splice(0)).toEqual([expect.stringContaining('the one of before stays in use')]);
      expect(files.fingerprint).toBe(fingerprintOf(one.cert));
    }
    write('cert', two.cert);
    await files.look();
    expect(changes).toEqual([fingerprintOf(two.cert)]);
  });

  it('says nothing when certificate and key are replaced one after the other', async () => {
    const { files, write, warnings, changes } = await watching();
    write('cert', two.cert);
    await files.look();
    write('key', two.key);
    await files.look();
    expect([warnings, changes]).toEqual([[], [fingerprintOf(two.cert)]]);
  });

  it('takes a chain, of which the first is its own', async () => {
    const { files } = await watching({ first: { key: one.key, cert: `${one.cert}\n${two.cert}` } });
    expect(files.fingerprint).toBe(fingerprintOf(one.cert));
  });

  it('looks by itself', async () => {
    const { files, write } = await watching({ interval: 10 });
    write('cert', two.cert);
    write('key', two.key);
    await expect.poll(() => files.fingerprint, { timeout: 20_000 }).toBe(fingerprintOf(two.cert));
  });

  it('warns of a key that everybody can read', async () => {
    const { paths } = await watching();
    const warnings: string[] = [];
    writeFileSync(paths.key, one.key);
    chmodSync(paths.key, 0o644);
    const files = await KeyFiles.open({ ...paths, onWarning: (message) => warnings.push(message) });
    files.close();
    expect(warnings).toEqual([expect.stringContaining('everybody on this machine can read the key')]);
  });

  it('does not begin with what is no pair, and says which files', async () => {
    const { paths, write } = await watching();
    const open = () => KeyFiles.open({ ...paths, onWarning: () => undefined });
    write('key', two.key);
    await expect(open()).rejects.toThrow(/\.crt" and .*\.key" are no certificate with its key/);
    rmSync(paths.key);
    await expect(open()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
