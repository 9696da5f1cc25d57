import { FilexError } from '@filex/protocol';
import {
  connect,
  createVerifier,
  fingerprintOf,
  type ServeEvent,
  type ServeOptions,
  serve,
} from '@filex/protocol/node';
import { onTestFinished } from 'vitest';
import type { FakeOptions } from './fake-io.js';
import { testKeys } from './tls-keys.js';

export const fingerprints = {
  own: fingerprintOf(testKeys.own.cert),
  other: fingerprintOf(testKeys.other.cert),
} as const;

export const PASSCODE = 'correct horse';
const verifier = await createVerifier(PASSCODE, 4096);

/** For `ServeOptions`: lets in `ann`, and nobody without a name. */
export const accounts: ServeOptions['accounts'] = {
  iterations: 4096,
  verifier: async (user) => (user === 'ann' ? verifier : undefined),
};

const refuse = (): Promise<never> => Promise.reject(new FilexError('UNSUPPORTED', 'there is only the root'));
const handler: ServeOptions['handler'] = {
  upload: refuse,
  download: refuse,
  makeDirectory: refuse,
  rename: refuse,
  remove: refuse,
  stat: async () => ({ path: '', kind: 'directory', size: 0, mtime: 0, executable: false }),
  async *list() {
    yield { path: 'hello.txt', kind: 'file', size: 5, mtime: 0, executable: false };
  },
};

/** A real server with an empty file in its root, on a port of its own. */
export async function secureServer(options: Partial<ServeOptions> = {}) {
  const events: ServeEvent[] = [];
  const server = await serve({
    handler,
    host: '127.0.0.1',
    port: 0,
    tls: testKeys.own,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => server.destroy());
  const { port } = server.address;
  return { server, events, port, name: `127.0.0.1:${port}` };
}

/** For a process that talks to real servers. */
export const realConnect: NonNullable<FakeOptions['connect']> = (url, options) => connect(url, options);
