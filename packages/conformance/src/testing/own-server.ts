import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'filex-server';
import { onTestFinished } from 'vitest';

/** Our own server over a temporary folder, for everybody and in plaintext, until the test has ended. */
export async function startOwnServer(): Promise<{ port: number; left: () => string[] }> {
  const root = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
  const server = await createServer({ root, host: '127.0.0.1', port: 0, anonymous: 'write', tls: false });
  onTestFinished(async () => {
    await server.destroy();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    port: server.address.port,
    left: () => readdirSync(root).filter((name) => name !== '.filex'),
  };
}
