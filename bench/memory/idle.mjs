import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServerProcess } from '../lib/processes.mjs';
import { residentOf } from './resident.mjs';
import { startServer } from './server.mjs';

const program = (name) => join(import.meta.dirname, '../programs', name);
/**
 * Connections that are there before anything is measured: what is loaded and compiled for the first ones is no cost of each.
 * They stay, since others would be put where they have been.
 */
const WARM_UP = 100;
/** Milliseconds until every connection has been silent for so long that it was asked whether it lives. */
const SETTLE = 25_000;
/** And for the garbage to be collected. */
const COLLECT = 1000;

/**
 * How much memory a server needs for each of so many connections that do nothing. Compared is what it has before and after
 * when all garbage was collected; how much of that lies around at a time depends on anything but the connections.
 */
export async function idleConnections({ dir, tls, count }) {
  const limits = {
    maxConnections: count + WARM_UP,
    maxConnectionsPerAddress: count + WARM_UP,
    // Credit of one connection, as it is promised when it comes.
    creditBudget: '16G',
  };
  const { server, url, stop } = await startServer(dir, {
    tls,
    nodeArguments: ['--expose-gc', '--import', program('collect-garbage.mjs')],
    serverArguments: Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`]),
  });
  const clients = (number) =>
    ServerProcess.start({ argv: [process.execPath, program('idle-clients.mjs'), url, String(number)] });
  const collected = async () => {
    server.signal('SIGUSR2');
    await pause(COLLECT);
    return residentOf(server.pid).now;
  };
  const held = [];
  try {
    held.push(await clients(WARM_UP));
    await pause(SETTLE);
    const before = await collected();
    held.push(await clients(count));
    await pause(SETTLE);
    const after = residentOf(server.pid).now;
    const clean = await collected();
    return {
      value: (clean - before) / count,
      more: { 'with garbage, KiB': (after - before) / count / 1024, 'idle, MiB': before / 2 ** 20 },
    };
  } finally {
    for (const each of held) await each.stop();
    await stop();
  }
}
