import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { type Code, createConnection, FilexError, formatUrl, parseUrl } from '@filex/protocol';
import { fingerprintOf } from '@filex/protocol/node';
import { isWildcard } from './addresses.js';
import { bounds } from './bounds.js';

/** What a server that is well may answer to somebody it does not let in. */
const ALIVE: ReadonlySet<Code> = new Set(['PLAINTEXT_REFUSED', 'TOO_MANY_CONNECTIONS', 'RATE_LIMITED']);

/** What a health check says when it leaves. It does not log in, and is no sign of anything. */
export const HEALTH_CHECK_CODE: Code = 'CANCELLED';

/** Where a server is, and what it is known by. */
interface Own {
  readonly host: string | undefined;
  readonly port: number;
  /** Undefined: any key will do. */
  readonly fingerprint: string | undefined;
}

/** The address at which a server with this configuration can be reached from its own machine. */
export function ownUrl({ host, port, fingerprint }: Own): string {
  const reachable = isWildcard(host) ? '127.0.0.1' : host;
  return formatUrl({ scheme: 'filex', host: reachable, port, path: '', trailingSlash: false, fingerprint });
}

/**
 * Why the server there is not well; undefined when it is: it has the key that the address names, if it names one, and answers
 * to the first words of FileX.
 * @param timeout milliseconds that it may take.
 * @throws FilexError `URL_INVALID`
 */
export async function healthFault(
  url: string,
  timeout: number = bounds.healthCheck,
): Promise<string | undefined> {
  const { scheme, host, port, fingerprint } = parseUrl(url);
  const socket = scheme === 'filex' ? tls.connect({ host, port, ...TLS }) : net.connect({ host, port });
  try {
    await greet(socket, fingerprint, timeout);
    return undefined;
  } catch (error) {
    return `${host}:${port} is not well: ${(error as Error).message}`;
  } finally {
    socket.destroy();
  }
}

// Who it is, is compared by its fingerprint.
const TLS = { minVersion: 'TLSv1.3', ALPNProtocols: ['filex/1'], rejectUnauthorized: false } as const;

function greet(socket: net.Socket, fingerprint: string | undefined, timeout: number): Promise<void> {
  const now = (): number => performance.now();
  const connection = createConnection({
    role: 'client',
    now: now(),
    random: randomBytes,
    agent: 'filex-server --healthcheck',
  });
  const flush = (): void => {
    for (const part of connection.takeOutput()) socket.write(part);
  };
  return new Promise((resolve, reject) => {
    let isWell = false;
    const timer = setTimeout(() => reject(new Error(`it has not answered within ${timeout} ms`)), timeout);
    const begin = (): void => {
      // Node gives the certificate away only once.
      const key = keyOf(socket);
      if (fingerprint === undefined || fingerprint === key) flush();
      else reject(new Error(`it has the key ${key}, not ${fingerprint}`));
    };
    socket.once(socket instanceof tls.TLSSocket ? 'secureConnect' : 'connect', begin);
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      if (isWell) resolve();
      else reject(new Error('it has closed the connection'));
    });
    socket.on('data', (chunk: Buffer) => {
      connection.receive(chunk, now());
      for (const event of connection.events()) {
        if (event.type === 'negotiated') {
          connection.abort(HEALTH_CHECK_CODE, 'this was a health check');
          isWell = true;
        } else if (event.type === 'goaway') {
          isWell = ALIVE.has(event.code);
          if (!isWell) reject(new FilexError(event.code, event.reason));
        } else if (event.type === 'fault') reject(new Error(event.message));
      }
      flush();
      // The server has heard it all when it closes, too.
      if (isWell) socket.end();
    });
  });
}

function keyOf(socket: net.Socket): string | undefined {
  const certificate = socket instanceof tls.TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return certificate === undefined ? undefined : fingerprintOf(certificate.raw);
}
