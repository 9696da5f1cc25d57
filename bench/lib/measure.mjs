import { judge } from './judge.mjs';
import { loadNow } from './machine.mjs';
import { Runner } from './runner.mjs';
import { works } from './works.mjs';

/**
 * Measures one row: a run of each program to warm up, whose result is compared byte by byte, then `rounds` in turn.
 * Programs that are not there, or that fail, are said to be so; that FileX itself fails is an error.
 */
export async function measureRow(row, setting) {
  const { say, contestants } = setting;
  const rounds = row.rounds ?? setting.rounds;
  const began = { date: new Date().toISOString(), load: loadNow() };
  const absent = new Map();
  const runners = [];
  const attempt = async (name, work) => {
    try {
      await work();
    } catch (error) {
      if (name === row.programs[0]) throw error;
      leaveOut(name, `failed: ${error.message.split('\n')[0]}`);
    }
  };
  const leaveOut = (name, reason) => {
    say(`  ${name} is left out: ${reason}`);
    absent.set(name, reason);
  };
  try {
    for (const name of row.programs) {
      const reason = contestants[name].missing?.();
      if (reason !== undefined) leaveOut(name, reason);
      else await attempt(name, async () => runners.push(await Runner.start(name, row, setting)));
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const runner of runners.filter(({ name }) => !absent.has(name))) {
        await attempt(runner.name, async () => {
          const { value } = await runner.run(works[row.work], round === 0);
          say(
            `  ${round === 0 ? 'warm-up' : `run ${round}  `} ${runner.name.padEnd(16)} ${Math.round(value)}`,
          );
        });
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
  const figures = row.programs.map((name) => {
    const { title } = contestants[name];
    if (absent.has(name)) return { name, title, missing: absent.get(name) };
    return { name, title, runs: runners.find((runner) => runner.name === name).runs };
  });
  const { unit, described } = setting.workloads.get(row.workload);
  return { ...began, rounds, amount: described, unit: row.unit ?? unit, ...judge(row, figures) };
}
