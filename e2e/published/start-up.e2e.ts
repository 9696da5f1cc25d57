import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shared } from '../harness/clean-up.js';
import { Command } from '../harness/command.js';
import { clientBin, repository } from '../harness/paths.js';
import { startServer } from '../harness/server.js';
import { temporaryFolder } from '../harness/temporary.js';

// How long a command takes to start cannot be asserted; what it loads can, and that is where the time goes.

interface Loaded {
  /** Modules of Node, those that it has within itself included. */
  readonly builtins: readonly string[];
  /** Relative to the repository. */
  readonly files: readonly string[];
}

const preload = join(import.meta.dirname, '../harness/loaded-modules.cjs');

/** What a program of these words has loaded by its end. */
async function loadedBy(...words: string[]): Promise<Loaded> {
  const report = join(temporaryFolder(), 'loaded.json');
  const env = { LOADED_MODULES: report };
  const { code, stderr } = await new Command(process.execPath, ['--require', preload, ...words], { env })
    .exited;
  expect(code, stderr).toBe(0);
  const { builtins, files } = JSON.parse(readFileSync(report, 'utf8')) as Loaded;
  return { builtins, files: files.map((file) => relative(repository, file)) };
}

const bundle = 'packages/cli/dist/bin.js';
/** Modules of Node that take long, and that nothing but what needs them may load. */
const costly = ['tls', 'http', 'https', 'readline', 'worker_threads', 'inspector', 'cluster', 'repl'];
/** How many modules of Node more than an empty program has: about 65 with Node 20; others differ a little. */
const MORE_BUILTINS = 90;

const server = shared(async () => {
  const started = await startServer();
  mkdirSync(join(started.folder, 'folder'));
  return started;
});
const bare = shared(() => loadedBy('-e', '0'));

function added({ builtins }: Loaded): string[] {
  return builtins.filter((name) => !bare().builtins.includes(name));
}

describe('what the client loads', () => {
  for (const words of [['ls', '-l'], ['stat'], ['mkdir', '-p']]) {
    test(`${words[0]}: one file, no native module, little of Node`, async () => {
      const loaded = await loadedBy(clientBin, ...words, server().url('folder'));
      expect(loaded.files).toEqual([bundle]);
      for (const name of costly) expect(added(loaded)).not.toContain(name);
      expect(added(loaded).length).toBeLessThan(MORE_BUILTINS);
    });
  }

  test('put: BLAKE3 besides, and nothing else', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'content');
    const loaded = await loadedBy(clientBin, 'put', file, server().url());
    expect(loaded.files[0]).toBe(bundle);
    for (const name of loaded.files.slice(1)) expect(name).toMatch(/^node_modules\/@napi-rs\/blake-hash/);
    for (const name of costly) expect(added(loaded)).not.toContain(name);
  });

  test('inside TLS: what that takes', async () => {
    const loaded = await loadedBy(clientBin, 'ls', server().secureUrl());
    expect(loaded.files).toEqual([bundle]);
    expect(added(loaded)).toContain('tls');
  });
});
