import { join } from 'node:path';
import { startClient } from '../harness/client.js';
import { type Relay, startRelay } from '../harness/relay.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import { type ClientState, clientState } from '../harness/state.js';
import { temporaryFolder } from '../harness/temporary.js';
import { makeTree } from '../harness/tree.js';

/** A server, a relay before it, and what a user's clients remember. */
interface Scene {
  readonly server: ServerProcess;
  readonly relay: Relay;
  readonly state: ClientState;
}

/** With a file `large` to be uploaded. */
export async function uploadScene(large: Buffer): Promise<Scene & { readonly local: string }> {
  const scene = await start();
  return { ...scene, local: join(makeTree(temporaryFolder(), { large }), 'large') };
}

/** With a file `large` on the server, and a folder to download it to. */
export async function downloadScene(large: Buffer): Promise<Scene & { readonly destination: string }> {
  const scene = await start();
  makeTree(scene.server.folder, { large });
  return { ...scene, destination: temporaryFolder() };
}

/** Runs a client until so many bytes have passed the relay, and kills it. */
export async function killedAfter(
  { relay, state }: Scene,
  words: readonly string[],
  direction: 'up' | 'down',
  bytes: number,
): Promise<void> {
  const client = startClient(words, { env: state.env });
  await relay.passed(direction, bytes);
  client.signal('SIGKILL');
  await client.exited;
}

async function start(): Promise<Scene> {
  const server = await startServer();
  return { server, relay: await startRelay(server.port), state: clientState() };
}
