import { visibleText } from '@filex/protocol';
import { parseTarget } from '../address.js';
import type { Context } from '../context.js';

export interface PingFlags {
  readonly count: number;
}

/** `ping URL` */
export async function ping(context: Context, address: string, flags: PingFlags): Promise<number> {
  const { url } = parseTarget(address);
  const session = await context.open(url, 'names');
  const { agent, principal, algorithm, identity } = session.server;
  if (!context.settings.json) {
    const encrypted = identity === undefined ? 'not encrypted' : `TLS with the key ${identity.fingerprint}`;
    await context.line(`${visibleText(agent)}, as ${visibleText(principal)}, ${algorithm}, ${encrypted}`);
  }
  const times: number[] = [];
  for (let i = 0; i < flags.count; i += 1) {
    context.signal.throwIfAborted();
    const milliseconds = await abortable(session.ping(), context.signal);
    times.push(milliseconds);
    if (context.settings.json) await context.event({ event: 'ping', milliseconds });
  }
  const minimum = Math.min(...times);
  const maximum = Math.max(...times);
  const average = times.reduce((sum, time) => sum + time, 0) / times.length;
  if (context.settings.json) {
    await context.event({ event: 'summary', exit: 0, server: session.server, minimum, average, maximum });
  } else {
    const shown = [minimum, average, maximum].map((time) => time.toFixed(3));
    await context.line(`${times.length} round trips, min/avg/max ${shown.join('/')} ms`);
  }
  return 0;
}

/** A ping that nobody answers is not waited for when the command is to end. */
function abortable<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    awaited.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
