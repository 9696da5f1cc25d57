import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf, secureContext } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openServerKey, temporaryKey } from './server-key.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};
const year = 365 * 24 * 60 * 60 * 1000;

describe('openServerKey', () => {
  it('makes a key with a certificate, private, and finds them again', async () => {
    const at = join(folder(), 'made/by/it');
    const made = await openServerKey(at);
    expect(readdirSync(at).sort()).toEqual(['cert.pem', 'key.pem']);
    for (const name of readdirSync(at)) expect(statSync(join(at, name)).mode & 0o777).toBe(0o600);
    expect(await openServerKey(at)).toEqual(made);
    secureContext(made);
    const certificate = new X509Certificate(made.cert);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.ca).toBe(false);
  });

  it('is the same for all servers that start at once', async () => {
    const at = folder();
    const keys = await Promise.all(Array.from({ length: 8 }, () => openServerKey(at)));
    const fingerprints = new Set(keys.map(({ cert }) => fingerprintOf(cert)));
    expect([...fingerprints]).toEqual([fingerprintOf(readFileSync(join(at, 'cert.pem')))]);
    expect(readdirSync(at).sort()).toEqual(['cert.pem', 'key.pem']);
  });

  it('renews the certificate for the same key years before it ends, and when the clock was wrong', async () => {
    const at = folder();
    const now = Date.UTC(2026, 10, 23);
    const first = await openServerKey(at, new Date(now));
    const { validTo } = new X509Certificate(first.cert);
    expect(Date.parse(validTo) - now).toBe(20 * year);
    expect(await openServerKey(at, new Date(now + 14.9 * year))).toEqual(first);
    const second = await openServerKey(at, new Date(now + 15.1 * year));
    expect(second.key).toBe(first.key);
    expect(second.cert).not.toBe(first.cert);
    expect(fingerprintOf(second.cert)).toBe(fingerprintOf(first.cert));
    expect(Date.parse(new X509Certificate(second.cert).validTo)).toBeGreaterThan(now + 35 * year);
    const early = await openServerKey(at, new Date(0));
    expect(Date.parse(new X509Certificate(early.cert).validFrom)).toBeLessThan(0);
    expect(await openServerKey(at, new Date(now))).not.toEqual(early);
  });

  it('makes a certificate anew that is missing, broken, or of another key', async () => {
    const at = folder();
    const { key, cert } = await openServerKey(at);
    const other = await temporaryKey();
    const path = join(at, 'cert.pem');
    for (const damage of [
      () => rmSync(path),
      () => writeFileSync(path, 'x'),
      () => writeFileSync(path, other.cert),
    ]) {
      damage();
      const mended = await openServerKey(at);
      expect(mended.key).toBe(key);
      expect(fingerprintOf(mended.cert)).toBe(fingerprintOf(cert));
    }
  });

  it('refuses a key that others can read, or that is broken', async () => {
    const at = folder();
    const path = join(at, 'key.pem');
    const { key } = await openServerKey(at);
    chmodSync(path, 0o640);
    await expect(openServerKey(at)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining(`the key file ${JSON.stringify(path)} is not private`),
    });
    chmodSync(path, 0o600);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    for (const content of ['', 'nonsense', key.slice(0, 100), rsa.export({ type: 'pkcs8', format: 'pem' })]) {
      writeFileSync(path, content);
      await expect(openServerKey(at)).rejects.toThrow(/the key file .* is broken: .*remove it for a new key/);
    }
  });
});
