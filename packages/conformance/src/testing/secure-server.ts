import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Accounts,
  createVerifier,
  type Handler,
  receiptSigner,
  serve,
  type Verifier,
} from '@filex/protocol/node';
import { LocalStore } from 'filex-server';
import { onTestFinished } from 'vitest';
import { makeTestKey } from '../tls/test-key.js';

/** Users of the test server. The passcode of the first one is not written as it is used: FX-6.4-6. */
export const users = [
  { user: 'jörg b', passcode: 'open\u00a0s\u00e9same\u0301' },
  { user: 'ann', passcode: 'another passcode' },
] as const;

export interface SecureServer {
  readonly port: number;
  readonly fingerprint: string;
}

/** A server of the library with TLS and users on one port, until the test has ended. */
export async function startSecureServer({ anonymous = false } = {}): Promise<SecureServer> {
  const root = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
  const store = await LocalStore.open(root);
  const { key, cert, fingerprint } = makeTestKey();
  const server = await serve({
    handler: handlerOf(store),
    host: '127.0.0.1',
    port: 0,
    tls: { key, cert },
    receipts: receiptSigner(key),
    accounts: await accounts(),
    anonymous,
    // The suite fails to log in more often than anybody else.
    serverLimits: { loginFailuresBeforeDelay: 1000, loginFailuresBeforeBan: 1000 },
  });
  onTestFinished(async () => {
    await server.destroy();
    await store.close();
    rmSync(root, { recursive: true, force: true });
  });
  return { port: server.address.port, fingerprint };
}

async function accounts(): Promise<Accounts> {
  const verifiers = new Map<string, Verifier>(
    await Promise.all(
      users.map(async ({ user, passcode }) => [user, await createVerifier(passcode, 4096)] as const),
    ),
  );
  return { verifier: async (user) => verifiers.get(user), iterations: 4096 };
}

/** Everybody may do everything. */
function handlerOf(store: LocalStore): Handler {
  return {
    upload: (request, { operationId, peer }) =>
      store.stage({ ...request, operationId, principal: peer.principal }),
    download: ({ path, ifMatch }) => store.open(path, { ifMatch }),
    list: ({ path, recursive }) => store.list(path, { recursive }),
    stat: ({ path }) => store.stat(path),
    makeDirectory: async ({ path, parents, mtime }) => ({
      outcome: await store.makeDirectory(path, { parents, mtime }),
    }),
    rename: async ({ path, target, ifExists }) => ({
      outcome: await store.rename(path, target, { ifExists }),
    }),
    remove: async ({ path, recursive }) => ({ outcome: await store.remove(path, { recursive }) }),
  };
}
