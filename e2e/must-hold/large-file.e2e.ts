import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@filex/protocol/node';
import { expect, test } from 'vitest';
import { filex } from '../harness/client.js';
import { environment } from '../harness/environment.js';
import { clientBin } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { startSwallowingServer } from '../harness/swallowing-server.js';

/** Past 2^32, and not a whole number of anything. */
const SIZE = 5 * 1024 ** 3 + 321;

test('a sparse file of 5 GiB comes down whole', async () => {
  const server = await startServer();
  const path = join(server.folder, 'sparse');
  writeFileSync(path, '');
  truncateSync(path, SIZE);
  // Counted here, kept nowhere; that the bytes are right is for the digest to say, and exit 0 says that it did.
  const child = spawn(process.execPath, [clientBin, 'cat', server.url('sparse')], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let count = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    count += chunk.length;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(count).toBe(SIZE);
  const [entry] = (await filex(['stat', '--json', server.url('sparse')])).events();
  expect(entry).toMatchObject({ size: SIZE });
});

test('5 GiB go up whole', async () => {
  const server = await startSwallowingServer();
  const session = await connect(server.url);
  const piece = Buffer.alloc(1024 * 1024, 'up');
  function* pieces() {
    for (let left = SIZE; left > 0; left -= piece.length)
      yield piece.subarray(0, Math.min(left, piece.length));
  }
  let acknowledged = 0;
  const result = await session.upload(pieces(), 'large', {
    onProgress: (progress) => {
      acknowledged = progress.acknowledged;
    },
  });
  await session.close();
  expect(result).toMatchObject({ outcome: 'created', size: SIZE });
  expect(acknowledged).toBe(SIZE);
  expect(server.taken()).toBe(SIZE);
});
