// Explores every state that an upload, its commit, a download and a connection can get into, within stated bounds, and prints what
// it has seen. `--short` and `--deep`: fewer states, or many more. `--only REGEX`: what is called so. Ends with 1, and a shortest way there, at a violation.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'tsup';

const { values } = parseArgs({
  options: { short: { type: 'boolean' }, deep: { type: 'boolean' }, only: { type: 'string', default: '' } },
});
const only = new RegExp(values.only);
const how = values.deep ? 'deep' : values.short ? 'short' : 'wide';
const root = join(import.meta.dirname, '..');
const out = mkdtempSync(join(tmpdir(), 'filex-explore-'));

/** The machines as they ship, and the explorer, in one module that Node can run. */
async function load() {
  const entry = { explorer: join(root, 'src/testing/explorer/index.ts') };
  await build({
    entry,
    outDir: out,
    format: 'esm',
    platform: 'node',
    config: false,
    silent: true,
    dts: false,
  });
  return import(pathToFileURL(join(out, 'explorer.mjs')).href).catch(
    () => import(pathToFileURL(join(out, 'explorer.js')).href),
  );
}

const number = (value) => value.toLocaleString('en').padStart(11);
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s`;

try {
  const { explore, subjects } = await load();
  const total = { states: 0, transitions: 0, depth: 0, milliseconds: 0, violations: 0 };
  console.log('     states transitions  depth      time  what, and bounds');
  for (const { name, bounds, model } of subjects(how)) {
    if (!only.test(`${name} (${bounds})`)) continue;
    const { states, transitions, depth, milliseconds, violation } = explore(model);
    console.log(
      `${number(states)} ${number(transitions)} ${String(depth).padStart(6)} ${seconds(milliseconds)}  ${name} (${bounds})`,
    );
    total.states += states;
    total.transitions += transitions;
    total.depth = Math.max(total.depth, depth);
    total.milliseconds += milliseconds;
    if (violation === undefined) continue;
    total.violations += 1;
    console.log(`\nVIOLATION: ${violation.kind}. A shortest way there:\n`);
    for (const [i, step] of violation.trace.entries()) console.log(`  ${String(i + 1).padStart(3)}. ${step}`);
    console.log();
  }
  const { states, transitions, depth, milliseconds, violations } = total;
  console.log(
    `\nstates ${states}, transitions ${transitions}, depth ${depth}, time ${(milliseconds / 1000).toFixed(1)} s, violations ${violations}`,
  );
  process.exitCode = violations === 0 ? 0 : 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
