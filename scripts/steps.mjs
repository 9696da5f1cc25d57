// Runs checks one after the other or side by side, adds up what they count, and ends with one line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
/** Where a vitest run leaves its results, in each workspace. */
const RESULTS = '.turbo/vitest.json';
/** How many failures are told again at the end, and how many lines of what each one said. */
const RETOLD = { failures: 40, lines: 12 };

/** Arguments that make a vitest run leave its results where a step looks for them. */
export const reporting = ['--reporter=default', '--reporter=json', `--outputFile.json=${RESULTS}`];

/** A turbo command, telemetry off. */
export const turbo = (...args) => ['node', 'scripts/turbo.mjs', 'run', ...args];

/**
 * A check that is not a vitest run counts as one failure when it fails and as nothing when it passes.
 *
 * Figures are what a run has gone through besides passing: a vitest spec tells them with `figure`, any other program with
 * lines `figure NAME: NUMBER`. Those of one name are added up.
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} command
 * @property {readonly string[]} [results] workspaces in which it is a vitest run
 * @property {boolean} [vital] nothing after it makes sense when it fails
 *
 * Steps of a list within the list run side by side, one for each core, begun in their order; each prints all it has to say when it
 * is done. They must not write what another one reads, nor watch the clock.
 *
 * @param {readonly (Step | readonly Step[])[]} steps
 */
export async function runSteps(steps) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const figures = new Map();
  const summary = [];
  /** What failed, to be told again at the end: of a long log, often only the end is kept. */
  const retold = [];
  /** Whether it makes sense to go on. */
  const runStep = async ({ name, command, results = [], vital = false }, gathered) => {
    for (const folder of results) rmSync(join(root, folder, RESULTS), { force: true });
    const started = performance.now();
    const ok = await run(command, figures, gathered);
    const failures = results.reduce((sum, folder) => sum + collect(folder, totals, figures, retold), 0);
    if (!ok && failures === 0) {
      totals.failed += 1;
      if (results.length > 0)
        retold.push(`FAILED ${name}: all tests passed, and yet there was an error (see above)`);
    }
    const good = ok && failures === 0;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    summary.push(`${good ? 'ok    ' : 'FAILED'} ${seconds.padStart(6)} s  ${name}`);
    return good || !vital;
  };
  for (const step of steps) {
    if (Array.isArray(step)) {
      const waiting = [...step];
      const lane = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const gathered = [];
          await runStep(next, gathered);
          console.log(`\n=== ${next.name}`);
          for (const { stream, bytes } of gathered) stream.write(bytes);
        }
      };
      await Promise.all(Array.from({ length: availableParallelism() }, lane));
    } else {
      console.log(`\n=== ${step.name}`);
      if (!(await runStep(step))) break;
    }
  }
  for (const failure of retold.slice(0, RETOLD.failures)) console.log(`\n${failure}`);
  if (retold.length > RETOLD.failures)
    console.log(`\n… and ${retold.length - RETOLD.failures} more failures`);
  console.log(`\n${summary.join('\n')}\n`);
  for (const [name, value] of figures) console.log(`${value.toLocaleString('en').padStart(12)}  ${name}`);
  if (figures.size > 0) console.log('');
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

function add(figures, name, value) {
  figures.set(name, (figures.get(name) ?? 0) + value);
}

/** Runs a command; with `gathered`, its output is put there instead of being printed. */
function run([program, ...args], figures, gathered) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['inherit', 'pipe', gathered === undefined ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32',
      env: { FORCE_COLOR: process.stdout.isTTY ? '1' : undefined, ...process.env },
    });
    let line = '';
    child.stdout.on('data', (bytes) => {
      if (gathered === undefined) process.stdout.write(bytes);
      else gathered.push({ stream: process.stdout, bytes });
      const lines = (line + bytes.toString('latin1')).split('\n');
      line = lines.pop();
      for (const each of lines) {
        const [, name, value] = /^figure (.+): (\d+)$/.exec(each.trim()) ?? [];
        if (name !== undefined) add(figures, name, Number(value));
      }
    });
    child.stderr?.on('data', (bytes) => gathered.push({ stream: process.stderr, bytes }));
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** Adds one workspace's vitest totals, and what failed to `retold`; returns how many failures it counted. */
function collect(folder, totals, figures, retold) {
  const file = join(root, folder, RESULTS);
  if (!existsSync(file)) {
    totals.failed += 1; // it crashed before it could say anything
    retold.push(`FAILED ${folder}: it left no results`);
    return 1;
  }
  const r = JSON.parse(readFileSync(file, 'utf8'));
  const broken = r.testResults.filter((t) => t.status === 'failed' && t.assertionResults.length === 0).length;
  totals.passed += r.numPassedTests;
  totals.failed += r.numFailedTests + broken;
  totals.skipped += r.numPendingTests + r.numTodoTests;
  for (const { name, message, status, assertionResults } of r.testResults) {
    const path = relative(root, name);
    if (status === 'failed' && assertionResults.length === 0) retold.push(retell(path, [message]));
    for (const each of assertionResults) {
      if (each.status === 'failed')
        retold.push(retell(`${path} > ${each.fullName}`, each.failureMessages ?? []));
    }
  }
  for (const { meta } of r.testResults.flatMap((t) => t.assertionResults)) {
    for (const [name, value] of Object.entries(meta?.figures ?? {})) add(figures, name, value);
  }
  return r.numFailedTests + broken;
}

function retell(what, messages) {
  const lines = messages.join('\n').split('\n');
  const more = lines.length > RETOLD.lines ? ['…'] : [];
  return [`FAILED ${what}`, ...lines.slice(0, RETOLD.lines), ...more].join('\n    ');
}
