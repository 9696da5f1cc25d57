import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientExit, startClient } from '../harness/client.js';
import { differences } from '../harness/differences.js';
import { startNetwork } from '../harness/network.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree, pseudoRandomBytes } from '../harness/tree.js';

const MiB = 1024 * 1024;
const onWindows = process.platform === 'win32';
/** Soon, and yet later than a client answers that waits for a busy machine. */
const haste = ['--limit', 'keepaliveInterval=500ms', '--limit', 'keepaliveTimeout=1500ms'];

test.skipIf(onWindows)(
  'a client that is stopped until the server gives it up ends when it may go on',
  async () => {
    const server = await startServer({ args: haste });
    const network = await startNetwork({
      upstream: server.port,
      faults: () => [{ kind: 'rate', bytesPerSecond: 48 * MiB }],
    });
    const local = makeTree(join(temporaryFolder(), 't'), {
      large: pseudoRandomBytes(32 * MiB, 8),
      small: 's',
    });
    const client = startClient(['put', '-r', local, network.url()]);
    await network.passed('up', 8 * MiB);
    client.signal('SIGSTOP');
    await server.command.line('stderr', /"msg":"disconnected"/);
    client.signal('SIGCONT');
    const exit = clientExit(await client.exited);
    expect(exit.code, exit.stderr).toBe(0);
    expect(network.connections).toBeGreaterThan(1);
    expect(differences(local, join(server.folder, 't'))).toEqual([]);
  },
);

test('a line that is dead while neither end is told: the server notices in its time, the upload ends', async () => {
  const server = await startServer({ args: haste });
  const network = await startNetwork({ upstream: server.port });
  const local = makeTree(join(temporaryFolder(), 't'), { large: pseudoRandomBytes(32 * MiB, 9) });
  const client = startClient(['put', '-r', local, network.url()]);
  await network.passed('up', 8 * MiB);
  network.hold();
  await server.command.line('stderr', /"msg":"disconnected"/);
  network.release();
  const exit = clientExit(await client.exited);
  expect(exit.code, exit.stderr).toBe(0);
  expect(differences(local, join(server.folder, 't'))).toEqual([]);
});
