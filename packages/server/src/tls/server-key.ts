import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { FilexError } from '@filex/protocol';
import type { TlsKey } from '@filex/protocol/node';
import { readPrivateFile, writePrivateFile } from '../state/private-file.js';
import { openStateFolder } from '../state/state-folder.js';
import { isGoodFor, selfSignedCertificate } from './certificate.js';

/**
 * The key of a server, kept in a folder as `key.pem` and `cert.pem`: made when there is none, and the same from then on, also
 * for several servers that start at once. The certificate is self-signed and made anew, for the same key, years before it ends.
 *
 * @param folder made when it is missing, for its owner alone.
 * @throws FilexError when the key is broken, others on this machine can read it, or they can write to the folder.
 */
export async function openServerKey(folder: string, now = new Date()): Promise<TlsKey> {
  const path = join(await openStateFolder(folder), 'key.pem');
  let key = await readPrivateFile(path, 'the key file');
  if (key === undefined) {
    // Another server may be making one too. Whichever file has the name then is the key of both.
    await writePrivateFile(path, generateKey(), 'keep');
    key = await readPrivateFile(path, 'the key file');
  }
  if (key === undefined)
    throw new FilexError('IO_ERROR', `the key file ${JSON.stringify(path)} has vanished`);
  checkKey(key, path);
  return { key, cert: await certificateIn(folder, key, now) };
}

/** A key for as long as the program runs. */
export async function temporaryKey(now = new Date()): Promise<TlsKey> {
  const key = generateKey();
  return { key, cert: await selfSignedCertificate(key, now) };
}

async function certificateIn(folder: string, key: string, now: Date): Promise<string> {
  const path = join(folder, 'cert.pem');
  const known = await readPrivateFile(path, 'the certificate file');
  if (known !== undefined && isGoodFor(known, key, now)) return known;
  const cert = await selfSignedCertificate(key, now);
  await writePrivateFile(path, cert, 'replace');
  return cert;
}

function generateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function checkKey(key: string, path: string): void {
  const fault = faultOf(key);
  if (fault === undefined) return;
  throw new FilexError(
    'IO_ERROR',
    `the key file ${JSON.stringify(path)} is broken: ${fault}. Put a copy of it back; or remove it for a new key, whose fingerprint all clients have to be told`,
  );
}

function faultOf(key: string): string | undefined {
  try {
    const { asymmetricKeyDetails } = createPrivateKey(key);
    return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? undefined : 'it is not an EC key on P-256';
  } catch (error) {
    return (error as Error).message;
  }
}
