// Loses the power again and again: node e2e/chaos/power-loss.mjs --states 5000 --seed 1. Records what a store does to its disk, rebuilds
// what a loss of power at any moment may leave of it, and lets the store recover. Needs a build of @filex/protocol. Ends with 1
// at a violation.
import { rmSync } from 'node:fs';
import { register } from 'node:module';
import { parseArgs } from 'node:util';

const faults = new URL('../../packages/server/src/store/testing/faults/', import.meta.url);
register('./loader.mjs', faults);
// Before anything keeps a function of node:fs.
await import(new URL('install.ts', faults).href);
const { loseThePower, record, scratchFolder } = await import(new URL('power-loss.ts', faults).href);
const { mixedWorkload, shortWorkloads } = await import(new URL('workload.ts', faults).href);

const { values } = parseArgs({
  options: { states: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const states = number('states');
const seed = number('seed');

/** States of one recording of the mixed workload; then it is recorded anew, with another seed. */
const PER_RECORDING = 500;

const scratch = scratchFolder();
let violations = 0;
let rebuilt = 0;
try {
  for (const [name, workload] of Object.entries(shortWorkloads)) {
    if (rebuilt >= states) break;
    await run(name, workload, { seed, exhaustive: 10, random: 100 });
  }
  for (let round = seed; rebuilt < states; round += 1)
    await run(`mixed, seed ${round}`, mixedWorkload(round), { seed: round, exhaustive: 4, random: 20 });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`power loss: states ${rebuilt}, violations ${violations}`);
process.exitCode = violations === 0 ? 0 : 1;

async function run(name, workload, choice) {
  const recording = await record(workload, scratch);
  const most = Math.min(PER_RECORDING, states - rebuilt);
  const findings = await loseThePower(recording, scratch, { ...choice, states: most });
  rebuilt += findings.states;
  violations += findings.violations.length;
  console.log(`power loss: ${findings.states} states of ${findings.entries} steps: ${name}`);
  for (const violation of findings.violations.slice(0, 5)) console.log(`VIOLATION: ${name}: ${violation}`);
}

function number(name) {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name}: ${values[name]} is no number from 1 on`);
  return value;
}
