import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contestants } from '../contestants.mjs';
import { ServerProcess } from '../lib/processes.mjs';

/** A server as its users start it, in a folder of its own; `url` is what clients connect to. */
export async function startServer(dir, { tls = false, ...given } = {}) {
  const scratch = mkdtempSync(join(dir, 'filex-memory-'));
  const contestant = contestants[tls ? 'filex-tls-fsync' : 'filex-fsync'];
  const away = () => rmSync(scratch, { recursive: true, force: true });
  process.on('exit', away);
  const root = join(scratch, 'served');
  const server = await ServerProcess.start(
    contestant.server({ root, scratch, algorithm: 'blake3', ...given }),
  );
  const { told } = server;
  const port = contestant.port(told);
  return {
    server,
    scratch,
    url: tls ? `filex://127.0.0.1:${port}/?fp=${told.fingerprint}` : `filex+tcp://127.0.0.1:${port}/`,
    stop: async () => {
      await server.stop();
      away();
      process.off('exit', away);
    },
  };
}
