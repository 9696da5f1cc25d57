import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectOptions, connect, type TlsKey, verifyReceipt } from '@filex/protocol/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addUser } from './access/change-users.js';
import { type CreateServerOptions, createServer } from './create-server.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { KeyFiles } from './tls/key-files.js';
import { receiptsOf } from './tls/receipts.js';
import { temporaryKey } from './tls/server-key.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

async function start(options: Partial<CreateServerOptions> = {}) {
  const root = folder();
  const server = await createServer({ root, host: '127.0.0.1', port: 0, anonymous: 'write', ...options });
  onTestFinished(() => server.destroy());
  const open = async (url = server.urls[0] as string, connecting: ConnectOptions = {}) => {
    const session = await connect(url, connecting);
    onTestFinished(() => session.destroy());
    return session;
  };
  return { root, server, open };
}

const content = Buffer.from('content');

describe('receipts of a server', () => {
  it('are signed with the key that its clients know it by', async () => {
    const { server, open } = await start();
    const { receipt } = await (await open()).upload(content, 'a', { receipt: true });
    const { statement, fingerprint } = verifyReceipt(receipt as Uint8Array);
    expect(fingerprint).toBe(server.fingerprint);
    expect(statement).toMatchObject({ principal: 'anonymous', path: 'a', size: content.length });
  });

  it('are not given without TLS, where no client knows a key', async () => {
    const { open } = await start({ tls: false });
    expect((await (await open()).upload(content, 'a', { receipt: true })).receipt).toBeUndefined();
  });

  it('name the user, and the path as the user sees it', async () => {
    const users = join(folder(), 'users.json');
    await addUser(users, { name: 'ann', passcode: 'correct horse', preset: 'write', root: 'homes/ann' });
    const { server, root, open } = await start({ users });
    mkdirSync(join(root, 'homes/ann'), { recursive: true });
    const url = (server.urls[0] as string).replace('://', '://ann@');
    const session = await open(url, { passcode: 'correct horse' });
    const { receipt } = await session.upload(content, 'a', { receipt: true });
    expect(verifyReceipt(receipt as Uint8Array).statement).toMatchObject({ principal: 'ann', path: 'a' });
    expect(readFileSync(join(root, 'homes/ann/a'))).toEqual(content);
  });

  it('are signed with the key that is in use, when that is another one', async () => {
    const [one, two] = await Promise.all([temporaryKey(), temporaryKey()]);
    const at = folder();
    const paths = { cert: join(at, 'crt'), key: join(at, 'key') };
    const write = ({ cert, key }: TlsKey): void => {
      for (const [name, text] of Object.entries({ cert, key })) {
        writeFileSync(join(at, 'new'), text, { mode: 0o600 });
        renameSync(join(at, 'new'), paths[name as 'cert' | 'key']);
      }
    };
    write(one);
    const files = await KeyFiles.open({ ...paths, interval: 2 ** 30, onWarning: () => undefined });
    onTestFinished(() => files.close());
    const { context: tls, fingerprint, receipts } = files;
    const { server, open } = await start({ tls, fingerprint, receipts });
    const signer = async (name: string, url?: string): Promise<string | undefined> => {
      const { receipt } = await (await open(url)).upload(content, name, { receipt: true });
      return verifyReceipt(receipt as Uint8Array).fingerprint;
    };
    expect(await signer('a')).toBe(fingerprint);
    write(two);
    await files.look();
    expect(files.fingerprint).not.toBe(fingerprint);
    const url = (server.urls[0] as string).replace(/fp=.*/, `fp=${files.fingerprint}`);
    expect(await signer('b', url)).toBe(files.fingerprint);
  });

  it('are not given with a key that signs none', () => {
    const { privateKey } = generateKeyPairSync('ed448');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(receiptsOf(pem)).toBeUndefined();
    expect(() => receiptsOf('nonsense')).toThrow();
  });
});

describe('the digest of a file', () => {
  it('is only for those who may download it', async () => {
    const users = join(folder(), 'users.json');
    await addUser(users, { name: 'ann', passcode: 'correct horse', preset: 'drop' });
    await addUser(users, { name: 'bob', passcode: 'correct horse', preset: 'read' });
    const { server, root, open } = await start({ users, anonymous: 'none' });
    writeFileSync(join(root, 'a'), content);
    const as = (name: string) =>
      open((server.urls[0] as string).replace('://', `://${name}@`), { passcode: 'correct horse' });
    const error = { code: 'PERMISSION_DENIED', message: 'the user "ann" may not download this' };
    await expect((await as('ann')).digest('a')).rejects.toMatchObject(error);
    const bob = await as('bob');
    const { digest, entry } = await bob.digest('a');
    expect(entry).toMatchObject({ path: 'a', size: content.length });
    expect(digest).toBe((await bob.download('a', { write: () => undefined })).digest);
  });
});
