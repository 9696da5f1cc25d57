import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, connect as dial, type TLSSocket } from 'node:tls';
import { cleanUp } from './clean-up.js';
import { listen } from './raw-peer.js';
import { startServer } from './server.js';
import { folderIn, temporaryFolder } from './temporary.js';

/** Somebody who ends TLS with a key of their own and begins it anew towards the real server. */
export interface ManInTheMiddle {
  readonly port: number;
  /** `sha256:…` of the key that is not the server's. */
  readonly fingerprint: string;
}

export interface Meddling {
  /** The port of the real server. */
  readonly target: number;
  /** What becomes of what the server says; default: passed on as it is. */
  readonly alter?: ((fromServer: Buffer) => Buffer) | undefined;
}

export async function manInTheMiddle({
  target,
  alter = (bytes) => bytes,
}: Meddling): Promise<ManInTheMiddle> {
  const state = folderIn(temporaryFolder(), 'state');
  const other = await startServer({ args: ['--state', state] });
  await other.stop();
  const key = readFileSync(join(state, 'key.pem'));
  const cert = readFileSync(join(state, 'cert.pem'));
  const ends = new Set<TLSSocket>();
  const listener = createServer({ key, cert, minVersion: 'TLSv1.3', ALPNProtocols: ['filex/1'] }, (near) => {
    const far = dial({
      port: target,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['filex/1'],
    });
    for (const end of [near, far]) {
      ends.add(end);
      end.on('error', () => undefined);
      end.on('close', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (bytes: Buffer) => void near.write(alter(bytes)));
  });
  await listen(listener);
  cleanUp(() => {
    for (const end of ends) end.destroy();
    listener.close();
  });
  return { port: (listener.address() as AddressInfo).port, fingerprint: other.listening.fingerprint };
}
