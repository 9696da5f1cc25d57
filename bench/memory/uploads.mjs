import { statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timeCommands } from '../lib/processes.mjs';
import { residentOf } from './resident.mjs';
import { startServer } from './server.mjs';

const program = join(import.meta.dirname, '../programs/uploading-clients.mjs');
/** Processes that the clients are in: more than one, so that they are not slower than the server by that alone. */
const PROCESSES = 4;
const MARGIN = 2 ** 30;

/** The most memory that a server had while so many clients uploaded at once, and what it had before. */
export async function uploadsAtOnce({ dir, size, clients }) {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < clients * size + MARGIN) {
    throw new Error(`${dir} has not enough room for ${clients} files; give --size or --dir`);
  }
  const { server, scratch, url, stop } = await startServer(dir);
  try {
    // What is in it does not matter, but the server does not know that: it stores every byte.
    const file = join(scratch, 'zeros');
    writeFileSync(file, '');
    truncateSync(file, size);
    const before = residentOf(server.pid).now;
    const shares = Array.from({ length: PROCESSES }, (_, i) => Math.floor((i * clients) / PROCESSES));
    const commands = shares
      .map((first, i) => [first, (shares[i + 1] ?? clients) - first])
      .filter(([, count]) => count > 0)
      .map(([first, count]) => ({
        argv: [process.execPath, program, url, file, String(first), String(count)],
      }));
    const { seconds } = await timeCommands(commands, server);
    const { peak } = residentOf(server.pid);
    return {
      value: peak,
      more: { 'idle, MiB': before / 2 ** 20, 'MB/s': (clients * size) / 1e6 / seconds },
    };
  } finally {
    await stop();
  }
}
