// The gate: every check in order, then one closing line `N passed, N failed` that adds up all vitest runs.
// A check that is not a vitest run counts as one failure when it fails and as nothing when it passes.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const RESULTS = '.turbo/vitest.json'; // in each workspace
const unit = ['packages/protocol', 'packages/server', 'packages/cli', 'packages/conformance'];
const e2e = ['e2e'];
const totals = { passed: 0, failed: 0, skipped: 0 };

const turbo = (...args) => ['node', 'scripts/turbo.mjs', 'run', ...args];
const vitest = (folders) =>
  turbo(
    'test',
    ...folders.map((folder) => `--filter=./${folder}`),
    '--only', // built by the first step
    '--continue',
    '--concurrency=1', // tests watch the clock: let each workspace have the machine
    '--',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${RESULTS}`,
  );

const steps = [
  { name: 'build', command: turbo('build', '--output-logs=new-only'), vital: true },
  { name: 'format and lint (biome)', command: ['npx', 'biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'lint with types (eslint)', command: ['npx', 'eslint', '--max-warnings=0', '.'] },
  { name: 'types', command: turbo('typecheck', '--continue', '--output-logs=new-only') },
  { name: 'dependency rule', command: ['npx', 'depcruise', 'packages'] },
  { name: 'unused code (knip)', command: ['npx', 'knip'] },
  {
    name: 'packages (publint, attw)',
    command: turbo('check-package', '--continue', '--output-logs=new-only'),
  },
  { name: 'unit tests', command: vitest(unit), results: unit },
  { name: 'e2e tests', command: vitest(e2e), results: e2e },
];

function run([program, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** Adds one workspace's vitest totals; returns how many failures it counted. */
function collect(folder) {
  const file = join(root, folder, RESULTS);
  if (!existsSync(file)) return count(0, 1, 0); // it crashed before it could say anything
  const r = JSON.parse(readFileSync(file, 'utf8'));
  const broken = r.testResults.filter((t) => t.status === 'failed' && t.assertionResults.length === 0).length;
  return count(r.numPassedTests, r.numFailedTests + broken, r.numPendingTests + r.numTodoTests);
}

function count(passed, failed, skipped) {
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
  return failed;
}

const summary = [];
for (const { name, command, results = [], vital = false } of steps) {
  console.log(`\n=== ${name}`);
  for (const folder of results) rmSync(join(root, folder, RESULTS), { force: true });
  const started = performance.now();
  const ok = await run(command);
  const failures = results.reduce((sum, folder) => sum + collect(folder), 0);
  if (!ok && failures === 0) count(0, 1, 0);
  const good = ok && failures === 0;
  summary.push(
    `${good ? 'ok    ' : 'FAILED'} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${name}`,
  );
  if (!good && vital) break;
}

console.log(`\n${summary.join('\n')}\n`);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
