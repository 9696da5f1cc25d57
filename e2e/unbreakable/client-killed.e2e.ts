import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { parts, visible } from '../harness/leftovers.js';
import type { Relay } from '../harness/relay.js';
import type { ServerProcess } from '../harness/server.js';
import type { ClientState } from '../harness/state.js';
import { pseudoRandomBytes } from '../harness/tree.js';
import { downloadScene, killedAfter, uploadScene } from './scenes.js';

/** Clients that are killed in the middle of a file, and what the next run makes of it. */

const MiB = 1024 * 1024;
const SIZE = 64 * MiB;
const large = pseudoRandomBytes(SIZE, 64);
/** What may be on its way, or not flushed yet, when the line is held: the window of a connection, sockets, a block. */
const IN_FLIGHT = 24 * MiB;

/** The bytes of the file that a run had to move: counted at the relay, less what frames take. */
async function moved(relay: Relay, direction: 'up' | 'down', run: () => Promise<unknown>): Promise<number> {
  const before = relay.total(direction);
  await run();
  return relay.total(direction) - before;
}

test('an upload goes on with the same command', async () => {
  const scene = await uploadScene(large);
  const { server, relay, state, local } = scene;
  await killedAfter(scene, ['put', local, relay.url()], 'up', 48 * MiB);
  expect(state.records()).toMatchObject([{ direction: 'upload', local, remote: 'large', attempts: 1 }]);
  expect(visible(server.folder)).toEqual([]);

  const resent = await moved(relay, 'up', async () => {
    const exit = await filex(['put', local, relay.url()], { env: state.env });
    expect(exit.code, exit.stderr).toBe(0);
  });
  expect(readFileSync(join(server.folder, 'large')).equals(large)).toBe(true);
  expect(resent).toBeLessThan(SIZE - 48 * MiB + IN_FLIGHT);
  expect(state.files()).toEqual([]);
});

test('an upload whose source was changed meanwhile begins again, and is the new file', async () => {
  const scene = await uploadScene(large);
  const { server, relay, state, local } = scene;
  await killedAfter(scene, ['put', local, relay.url()], 'up', 32 * MiB);
  const [before] = state.records();
  const changed = Buffer.from(large);
  changed.write('changed', 0);
  writeFileSync(local, changed);
  const exit = await filex(['put', local, relay.url()], { env: state.env });
  expect(exit.code, exit.stderr).toBe(0);
  expect(readFileSync(join(server.folder, 'large')).equals(changed)).toBe(true);
  expect(before).toBeDefined();
  expect(state.files()).toEqual([]);
});

interface Cut {
  readonly server: ServerProcess;
  readonly relay: Relay;
  readonly state: ClientState;
  readonly destination: string;
  /** Where the bytes are. */
  readonly part: string;
  again(): Promise<void>;
}

/** A download of which a good part is there, whose client was killed. */
async function cutDownload(): Promise<Cut> {
  const scene = await downloadScene(large);
  const { server, relay, state, destination } = scene;
  const words = ['get', relay.url('large'), destination];
  await killedAfter(scene, words, 'down', 48 * MiB);
  const [part] = parts(destination);
  expect(visible(destination)).toEqual([part]);
  expect(state.records()).toMatchObject([{ direction: 'download', remote: 'large' }]);
  return {
    server,
    relay,
    state,
    destination,
    part: join(destination, part as string),
    again: async () => {
      const exit = await filex(words, { env: state.env });
      expect(exit.code, exit.stderr).toBe(0);
    },
  };
}

function expectDone({ destination, state }: Cut, content: Buffer): void {
  expect(visible(destination)).toEqual(['large']);
  expect(readFileSync(join(destination, 'large')).equals(content)).toBe(true);
  expect(state.files()).toEqual([]);
}

test('a download goes on with the same command', async () => {
  const cut = await cutDownload();
  const resent = await moved(cut.relay, 'down', cut.again);
  expectDone(cut, large);
  expect(resent).toBeLessThan(SIZE - 48 * MiB + IN_FLIGHT);
});

test('a download goes on with resume, which knows where everything is', async () => {
  const cut = await cutDownload();
  const list = await filex(['resume'], { env: cut.state.env });
  expect(list.stdout).toMatch(/ 64 MiB +\d+% {2}filex\+tcp:.*large -> .*large\n$/);
  const exit = await filex(['resume', '--all'], { env: cut.state.env });
  expect(exit.code, exit.stderr).toBe(0);
  expectDone(cut, large);
});

test('resume --forget takes the part away', async () => {
  const cut = await cutDownload();
  const exit = await filex(['resume', '--forget', '--all'], { env: cut.state.env });
  expect(exit.code, exit.stderr).toBe(0);
  expect(visible(cut.destination)).toEqual([]);
  expect(cut.state.files()).toEqual([]);
});

/** The trial that `curl -C -`, `lftp get -c` and `sftp reget` fail: what is there is not the beginning of the file. */
test.each([
  ['the beginning is overwritten', (part: string) => overwrite(part, 0, Buffer.alloc(3 * MiB, 'wrong'))],
  ['a single byte is another', (part: string) => overwrite(part, 5 * MiB + 17, Buffer.from('!'))],
  ['the end is missing', async (part: string) => truncateSync(part, 7 * MiB + 1)],
  ['all of it is missing', async (part: string) => truncateSync(part, 0)],
  ['there is more than there was', async (part: string) => truncateSync(part, 80 * MiB)],
])('the part is wrong: %s', async (_name, spoil) => {
  const cut = await cutDownload();
  await spoil(cut.part);
  await cut.again();
  expectDone(cut, large);
});

test('the file on the server is another one by now', async () => {
  const cut = await cutDownload();
  const other = pseudoRandomBytes(SIZE, 65);
  writeFileSync(join(cut.server.folder, 'large'), other);
  await cut.again();
  expectDone(cut, other);
});

test('the file on the server has changed at its beginning only', async () => {
  const cut = await cutDownload();
  const other = Buffer.from(large);
  other.write('another', MiB);
  writeFileSync(join(cut.server.folder, 'large'), other);
  await cut.again();
  expectDone(cut, other);
});

async function overwrite(file: string, offset: number, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, offset);
  await handle.close();
}
