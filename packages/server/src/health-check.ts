import { FilexError, formatUrl } from '@filex/protocol';
import { connect } from '@filex/protocol/node';
import { isWildcard } from './addresses.js';
import { bounds } from './bounds.js';

/** What a server that is well may answer to somebody it does not let in. */
const ALIVE = new Set(['PLAINTEXT_REFUSED', 'AUTH_FAILED', 'TOO_MANY_CONNECTIONS']);

/** The address at which a server with this configuration can be reached from its own machine. */
export function ownUrl({ host, port, fingerprint }: Own): string {
  const reachable = isWildcard(host) ? '127.0.0.1' : host;
  return formatUrl({ scheme: 'filex', host: reachable, port, path: '', trailingSlash: false, fingerprint });
}

interface Own {
  readonly host: string | undefined;
  readonly port: number;
  /** Undefined: any key will do. */
  readonly fingerprint: string | undefined;
}

/** Why the server there is not well; undefined when it is. */
export async function healthFault(url: string): Promise<string | undefined> {
  try {
    const session = await connect(url, {
      timeout: bounds.healthCheck,
      agent: 'filex-server --healthcheck',
      // What has no fingerprint is asked how it is, and told nothing.
      trust: { verify: () => undefined },
    });
    try {
      await session.ping();
    } finally {
      await session.close();
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof FilexError)) throw error;
    return ALIVE.has(error.code) ? undefined : error.message;
  }
}
