import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventsOf } from '../harness/client.js';
import { Command } from '../harness/command.js';
import { differences } from '../harness/differences.js';
import { npm } from '../harness/npm.js';
import { repository } from '../harness/paths.js';
import type { Listening } from '../harness/server.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { makeTree, mixedTree } from '../harness/tree.js';

const packages = ['@filex/protocol', 'filex-server', 'filex-client', 'filex-conformance'];
const offline = /E(?:NOTFOUND|CONNREFUSED|TIMEDOUT|AI_AGAIN|NOTCACHED|NETUNREACH)|ERR_SOCKET_TIMEOUT/;

/** What is read here of the report of filex-conformance. */
interface Conformance {
  readonly totals: { readonly passed: number };
  readonly cases: readonly { readonly id: string; readonly status: string; readonly message?: string }[];
}

/** Packs the packages and installs them in an empty folder; undefined when there is no registry to ask. */
async function install(): Promise<string | undefined> {
  const tarballs = temporaryFolder();
  const words = ['pack', '--pack-destination', tarballs, ...packages.flatMap((name) => ['-w', name])];
  const packed = await npm('npm', words, { cwd: repository }).exited;
  expect(packed.code, packed.stderr).toBe(0);
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  const files = readdirSync(tarballs).map((name) => join(tarballs, name));
  expect(files).toHaveLength(packages.length);
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=0'];
  const installed = await npm('npm', ['install', '--prefer-offline', ...quiet, ...files], { cwd: folder })
    .exited;
  if (installed.code !== 0 && offline.test(installed.stderr)) return undefined;
  expect(installed.code, installed.stderr).toBe(0);
  return folder;
}

test('the packages as published, installed in an empty folder: npx serves, uploads, downloads and lists, an app uses the library', async ({
  skip,
}) => {
  const cwd = await install();
  if (cwd === undefined) return skip('no registry to install the dependencies from');
  const served = folderIn(cwd, 'served');
  const server = npm('npx', ['filex-server', 'served', '--port', '0', '--json'], { cwd });
  const { urls, guest } = JSON.parse(await server.line('stdout', /"event":"listening"/)) as Listening;
  const url = String(urls[0]);
  const as = { cwd, env: { FILEX_PASSCODE: guest?.passcode } };

  const tree = makeTree(join(cwd, 'tree'), mixedTree(1));
  const put = await npm('npx', ['filex-client', 'put', '-r', 'tree', url], as).exited;
  expect(put.code, put.stderr).toBe(0);
  expect(differences(tree, join(served, 'tree'), { topTime: true })).toEqual([]);

  const get = await npm('npx', ['filex-client', 'get', '-r', url.replace('/?', '/tree?'), 'got'], as).exited;
  expect(get.code, get.stderr).toBe(0);
  expect(differences(tree, join(cwd, 'got/tree'), { topTime: true })).toEqual([]);

  const ls = await npm('npx', ['filex-client', 'ls', '--json', url.replace('/?', '/tree?')], as).exited;
  expect(ls.code, ls.stderr).toBe(0);
  const listed = eventsOf(ls.stdout).filter(({ event }) => event === 'entry');
  expect(listed.map(({ path }) => path).sort()).toEqual(
    readdirSync(tree)
      .map((name) => `tree/${name}`)
      .sort(),
  );

  // The library in an app of one's own.
  cpSync(join(repository, 'examples/own-app.mjs'), join(cwd, 'own-app.mjs'));
  const app = await new Command(process.execPath, ['own-app.mjs', url], as).exited;
  expect(app.code, app.stderr).toBe(0);
  const own = readFileSync(join(cwd, 'own-app.mjs'));
  expect(readFileSync(join(served, 'from my app')).equals(own)).toBe(true);
  expect(readFileSync(join(cwd, 'downloaded by my app')).equals(own)).toBe(true);

  const words = ['open', '--port', '0', '--json', '--anonymous', 'write'];
  const open = npm('npx', ['filex-server', ...words], { cwd });
  const listening = JSON.parse(await open.line('stdout', /"event":"listening"/)) as Listening;
  const plain = `filex+tcp://127.0.0.1:${new URL(String(listening.urls[0])).port}/`;
  // Other tests use the disk and the processors meanwhile: what is asked is whether answers are right, not soon.
  const patiently = ['filex-conformance', '--json', '--timeout', '30000', plain];
  const conformance = await npm('npx', patiently, { cwd }).exited;
  const { totals, cases } = JSON.parse(conformance.stdout) as Conformance;
  const failed = cases.filter(({ status }) => status === 'failed');
  expect(failed.map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
  expect(conformance.code, conformance.stderr).toBe(0);
  expect(totals.passed).toBeGreaterThan(600);

  const alias = await npm('npx', ['filex', '--version'], { cwd }).exited;
  expect(alias.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  for (const running of [server, open]) {
    running.signal('SIGTERM');
    await running.exited;
  }
});
