import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { join } from 'node:path';
import { connect } from '@filex/protocol/node';
import { describe, expect, it } from 'vitest';
import { addUser } from './access/change-users.js';
import { createServer } from './create-server.js';
import { startFailure } from './start-failure.js';
import { LocalStore } from './store/local/local-store.js';
import { openWithin, stagedIn, temporaryFolder } from './testing/temporary-folder.js';

const top = temporaryFolder();
let count = 0;
const folder = (): string => {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return path;
};

describe('createServer', () => {
  it('serves a folder to any client', async () => {
    const root = folder();
    const messages: string[] = [];
    const log = (_: object, message: string) => void messages.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    const server = await createServer({ root, port: 0, logger, anonymous: 'write' });
    const session = await connect(server.urls[0] as string);
    expect(session.server.agent).toMatch(/^filex-server\/\d/);
    await session.makeDirectory('docs/new', { parents: true });
    const bytes = Buffer.alloc(3_000_001, 'content ');
    expect(await session.upload(bytes, 'docs/new/a.bin', { mtime: 5 })).toMatchObject({ outcome: 'created' });
    expect(await session.upload(bytes, 'docs/new/a.bin')).toMatchObject({ outcome: 'identical' });
    expect(await session.stat('docs/new/a.bin')).toMatchObject({ size: bytes.length, mtime: 5 });
    await session.download('docs/new/a.bin', join(root, 'copy'));
    expect(bytes.equals(readFileSync(join(root, 'copy')))).toBe(true);
    await expect(session.upload(Buffer.from('x'), 'docs/new/a.bin')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await expect(session.stat('.filex')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await session.close();
    await server.shutdown();
    expect(openWithin(root)).toEqual([]);
    expect(stagedIn(root)).toEqual([]);
    expect(messages).toEqual(
      expect.arrayContaining(['connected', 'upload', 'upload refused', 'disconnected']),
    );
  });

  it('changes nothing in a folder that is only read', async () => {
    const root = folder();
    writeFileSync(join(root, 'a'), 'x');
    const server = await createServer({ root, port: 0, anonymous: 'read' });
    const session = await connect(server.urls[0] as string);
    await expect(session.upload(Buffer.from('x'), 'b')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await session.stat('a')).size).toBe(1);
    await session.close();
    await server.shutdown();
    expect(readdirSync(root)).toEqual(['a']);
  });

  it('keeps of what runs when it is ended by force no more than its client can go on with', async () => {
    const root = folder();
    const server = await createServer({ root, port: 0, anonymous: 'write' });
    const session = await connect(server.urls[0] as string);
    let stored!: () => void;
    const begun = new Promise<void>((resolve) => {
      stored = resolve;
    });
    async function* endless() {
      for (;;) {
        yield Buffer.alloc(100_000);
        await new Promise(setImmediate);
      }
    }
    const onProgress = ({ acknowledged }: { acknowledged: number }) => acknowledged > 0 && stored();
    const uploading = session.upload(endless(), 'a', { onProgress });
    uploading.catch(() => {}); // looked at below
    await begun;
    await Promise.all([server.shutdown(), server.destroy()]);
    await expect(uploading).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(readdirSync(root)).toEqual(['.filex']);
    const kept = expect.stringMatching(/^[0-9a-f]{40}(\.leaves)?$/);
    expect([[], [kept, kept]]).toContainEqual(stagedIn(root));
    expect(openWithin(root)).toEqual([]);
  });

  it('is known by a new key unless it is given one', async () => {
    const servers = await Promise.all(
      [folder(), folder()].map((root) => createServer({ root, port: 0, anonymous: 'read' })),
    );
    for (const server of servers) {
      expect(server.urls[0]).toBe(`filex://127.0.0.1:${server.address.port}/?fp=${server.fingerprint}`);
      expect(server.plaintextUrls).toEqual([`filex+tcp://127.0.0.1:${server.address.port}/`]);
      await (await connect(server.urls[0] as string)).close();
    }
    expect(servers[0]?.fingerprint).not.toBe(servers[1]?.fingerprint);
    await Promise.all(servers.map((server) => server.shutdown()));
  });

  it('speaks plaintext only when that is wanted', async () => {
    const server = await createServer({ root: folder(), port: 0, anonymous: 'read', tls: false });
    expect(server.fingerprint).toBeUndefined();
    expect(server.urls).toEqual(server.plaintextUrls);
    await (await connect(server.urls[0] as string)).close();
    await expect(
      connect(`filex://127.0.0.1:${server.address.port}/`, { trust: { verify: () => undefined } }),
    ).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    await server.shutdown();
  });

  it('lets users in, and nobody else unless that is wanted', async () => {
    const at = folder();
    const users = join(at, 'users.json');
    await addUser(users, { name: 'ann', passcode: 'secret', preset: 'write' });
    const root = join(at, 'root');
    mkdirSync(root);
    const server = await createServer({ root, port: 0, users });
    const url = server.urls[0] as string;
    expect(url).toContain('filex://ann@');
    expect(server.plaintextUrls[0]).toContain('filex+tcp://ann@');
    const session = await connect(url, { passcode: 'secret' });
    await session.upload(Buffer.from('x'), 'a');
    await session.close();
    await expect(connect(url.replace('ann@', ''))).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    await server.shutdown();
    const open = await createServer({ root, port: 0, users, anonymous: 'read' });
    expect(open.urls[0]).not.toContain('@');
    const anybody = await connect(open.urls[0] as string);
    expect((await anybody.stat('a')).size).toBe(1);
    await anybody.close();
    await open.shutdown();
    expect(openWithin(at)).toEqual([]);
  });

  it('writes down who did what', async () => {
    const root = folder();
    const audit = `${root}.jsonl`;
    const server = await createServer({ root, port: 0, anonymous: 'read', audit });
    const session = await connect(server.urls[0] as string);
    await session.stat('');
    await session.close();
    await server.shutdown();
    const lines = readFileSync(audit, 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    expect(records.map(({ event }) => event)).toEqual(['login', 'stat', 'session']);
    expect(records[1]).not.toHaveProperty('target');
    expect(openWithin(audit)).toEqual([]);
  });

  it('serves a store of the caller, and leaves it open', async () => {
    const root = folder();
    const store = await LocalStore.open(root);
    const server = await createServer({ root: store, port: 0, anonymous: 'write' });
    await server.shutdown();
    expect(await store.stat('')).toMatchObject({ kind: 'directory' });
    await store.close();
  });

  it('says what keeps it from starting, and holds on to nothing', async () => {
    const root = folder();
    const taken = createNetServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const failure = async (
      options: Partial<Parameters<typeof createServer>[0]>,
    ): Promise<string | undefined> => {
      const wanted = { root, host: '127.0.0.1', port, anonymous: 'write' as const, ...options };
      return createServer(wanted).then(
        () => 'it started',
        (error) => startFailure(error, { host: wanted.host, port }),
      );
    };
    expect(await failure({})).toContain(`port ${port} of 127.0.0.1 is taken`);
    expect(await failure({ host: '192.0.2.1' })).toContain('192.0.2.1 is not an address of this machine');
    const missing = join(root, 'missing');
    expect(await failure({ root: missing })).toContain('missing": it does not exist');
    expect(await failure({ root: missing, users: join(top, 'none') })).toContain('there is no users file');
    taken.close();
    expect(await failure({ anonymous: 'none' })).toContain('nobody could log in: there is no users file');
    expect(await failure({ tls: false, plaintext: 'off' })).toContain('nobody could connect');
    expect(await failure({ tls: false, host: '192.0.2.1' })).toContain('nobody could connect');
    expect(await failure({ users: join(top, 'missing.json') })).toContain('there is no users file');
    expect(await failure({ audit: join(top, 'missing/audit') })).toContain('cannot write the audit log');
    for (const options of [{ users: join(root, 'users.json') }, { audit: join(root, 'audit') }])
      expect(await failure(options)).toContain('is inside the served folder');
    expect(openWithin(top)).toEqual([]);
  });
});
