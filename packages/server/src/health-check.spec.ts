import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addUser } from './access/change-users.js';
import { type CreateServerOptions, createServer } from './create-server.js';
import { healthFault, ownUrl } from './health-check.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const top = temporaryFolder();
let count = 0;

async function serving(options: Partial<CreateServerOptions>) {
  count += 1;
  const root = join(top, String(count));
  mkdirSync(root);
  const told: string[] = [];
  const tell = (level: string) => (_: object, message: string) => void told.push(`${level}: ${message}`);
  const logger = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') };
  const server = await createServer({ root, host: '127.0.0.1', port: 0, logger, ...options });
  onTestFinished(() => server.destroy());
  return { server, told };
}

/** A server that does something else. */
async function listening(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createNetServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('healthFault', () => {
  it('finds a server well that lets it in or not, and leaves nothing in its log', async () => {
    const users = join(top, 'users.json');
    await addUser(users, { name: 'ann', passcode: 'secret' });
    for (const options of [
      { anonymous: 'read' },
      { users },
      { users, plaintext: 'off' },
      { anonymous: 'read', serverLimits: { maxConnections: 1 } },
    ] satisfies Partial<CreateServerOptions>[]) {
      const { server, told } = await serving(options);
      expect(await healthFault(server.urls[0] as string)).toBeUndefined();
      expect(
        await healthFault(ownUrl({ host: '::', port: server.address.port, fingerprint: undefined })),
      ).toBe(undefined);
      await server.shutdown();
      expect(told.filter((line) => !line.startsWith('debug:'))).toEqual([]);
    }
  });

  it('finds one well that has no room, or refuses plaintext', async () => {
    const { server } = await serving({ anonymous: 'read', plaintext: 'off' });
    const { port } = server.address;
    expect(await healthFault(`filex+tcp://127.0.0.1:${port}/`)).toBeUndefined();
  });

  it('says what is not well', async () => {
    const { server } = await serving({ anonymous: 'read' });
    const { port } = server.address;
    const other = `sha256:${'A'.repeat(43)}`;
    expect(await healthFault(`filex://127.0.0.1:${port}/?fp=${other}`)).toBe(
      `127.0.0.1:${port} is not well: it has the key ${server.fingerprint}, not ${other}`,
    );
    await server.destroy();
    expect(await healthFault(`filex://127.0.0.1:${port}/`)).toContain('ECONNREFUSED');
    const web = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await healthFault(`filex+tcp://${web}/`)).toMatch(/is not well: .*HTTP/);
    expect(await healthFault(`filex://${web}/`)).toContain('is not well: ');
    const closing = await listening((socket) => socket.end());
    expect(await healthFault(`filex+tcp://${closing}/`)).toContain('it has closed the connection');
  });

  it('does not wait for ever', async () => {
    const silent = await listening(() => undefined);
    expect(await healthFault(`filex://${silent}/`, 50)).toContain('it has not answered within 50 ms');
  });
});
