import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { contestants } from '../contestants.mjs';
import { loadNow } from '../lib/machine.mjs';
import { Runner } from '../lib/runner.mjs';
import { Workloads } from '../lib/workloads.mjs';
import { works } from '../lib/works.mjs';
import { costsOf } from './costs.mjs';

const PROGRAM = 'filex';

/** Measures one series: a run of each step to warm up, then `rounds` of all steps in turn. */
export async function measureSeries(one, { folder, rounds, quick, say }) {
  const { id, title, unit, work } = one;
  const began = { date: new Date().toISOString(), load: loadNow() };
  const steps = [];
  try {
    for (const amount of quick ? one.quick : one.steps) {
      const own = join(folder, `${id}-${amount}`);
      mkdirSync(own);
      const workloads = new Workloads(own, one.options(amount, quick));
      const row = { ...one, algorithm: 'blake3', timing: 'command' };
      const runner = await Runner.start(PROGRAM, row, { contestants, workloads, folder: own });
      steps.push({ amount, runner, seconds: [] });
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const { amount, runner, seconds } of steps) {
        const done = await runner.run(works[work], round === 0);
        if (round > 0) seconds.push(runner.workload.amount / done.value);
        say(`  ${round === 0 ? 'warm-up' : `run ${round}  `} ${amount} ${unit}: ${Math.round(done.value)}`);
      }
    }
  } finally {
    await Promise.all(steps.map(({ runner }) => runner.stop()));
  }
  return { id, title, unit, ...began, rounds, quick, steps: costsOf(steps) };
}
