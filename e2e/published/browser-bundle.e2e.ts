import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, Script } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { repository } from '../harness/paths.js';
import { temporaryFolder } from '../harness/temporary.js';

/** What a page does: two connections shake hands. It returns what the client calls the server. */
const page = `
  import { createConnection } from '@filex/protocol';
  const random = (size) => new Uint8Array(size);
  const client = createConnection({ role: 'client', now: 0, random });
  const server = createConnection({ role: 'server', now: 0, random, agent: 'a server in a browser' });
  for (let i = 0; i < 4; i += 1) {
    for (const bytes of client.takeOutput()) server.receive(bytes, 0);
    for (const event of server.events()) if (event.type === 'auth') server.authenticated('anonymous');
    for (const bytes of server.takeOutput()) client.receive(bytes, 0);
    for (const event of client.events()) if (event.type === 'negotiated') client.authenticate('ANONYMOUS');
  }
  globalThis.outcome = client.state + ' to ' + client.negotiated.agent;
`;

async function bundle(source: string) {
  const entry = join(temporaryFolder(), 'page.js');
  writeFileSync(entry, source);
  return build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    logLevel: 'silent',
    nodePaths: [join(repository, 'node_modules')],
  });
}

test('the root export is bundled for browsers without any node: module, and runs where there is none', async () => {
  const { outputFiles, metafile } = await bundle(page);
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  expect(imported.filter((path) => path.startsWith('node:'))).toEqual([]);
  const code = outputFiles[0]?.text ?? '';
  expect(code).not.toMatch(/node:|require\(/);
  // Neither process nor Buffer nor require: only what the language has, and the text codecs every browser has.
  const window = createContext({ TextEncoder, TextDecoder });
  new Script(code).runInContext(window);
  expect(window['outcome']).toBe('open to a server in a browser');
});

test('the driver for Node is not for browsers: a bundler says so', async () => {
  await expect(bundle(`import '@filex/protocol/node';`)).rejects.toThrow(/node:/);
});
