import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess, timeCommand } from './processes.mjs';
import { median, spread } from './statistics.mjs';
import { checkComplete, checkSame } from './workloads.mjs';

/** Measures one row: a run of each program to warm up, whose result is compared byte by byte, then `rounds` in turn. */
export async function measureRow(row, { contestants, workloads, folder, rounds, say }) {
  const { id, title, floor, timing, direction, algorithm, programs } = row;
  const unable = programs.map((name) => contestants[name].missing?.()).find((reason) => reason !== undefined);
  if (unable !== undefined) {
    say(`  left out: ${unable}`);
    return { id, title, skipped: unable };
  }
  const workload = workloads.get(row.workload);
  const runners = [];
  try {
    for (const name of programs) {
      runners.push(
        await Runner.start(name, contestants[name], { folder, algorithm, direction, timing, workload }),
      );
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const runner of runners) {
        const rate = await runner.run(round === 0);
        say(
          `  ${round === 0 ? 'warm-up' : `run ${round}  `} ${runner.name.padEnd(10)} ${rate} ${workload.unit}`,
        );
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.stop()));
  }
  return { id, title, unit: workload.unit, floor, ...compare(runners, floor) };
}

function compare(runners, floor) {
  const [ours, reference] = [runners[0], runners.at(-1)];
  const ratio = median(ours.rates) / median(reference.rates);
  const ratios = ours.rates.map((rate, round) => rate / reference.rates[round]);
  const verdict = floor === undefined ? undefined : ratio < floor ? 'below the floor' : 'ok';
  return { ratio, ratios: spread(ratios), verdict, programs: runners.map((runner) => runner.figures()) };
}

class Runner {
  name;
  rates = [];
  #contestant;
  #setting;
  #folder;
  #server;
  #processor = [];

  static async start(name, contestant, setting) {
    const runner = new Runner();
    runner.name = name;
    runner.#contestant = contestant;
    runner.#setting = setting;
    runner.#folder = join(setting.folder, name);
    // What is downloaded is what is at hand; only uploads need a folder of their own.
    const { direction, algorithm, folder } = setting;
    mkdirSync(runner.#folder, { recursive: true });
    const root = direction === 'up' ? runner.#folder : join(folder, 'source');
    runner.#server = await ServerProcess.start(contestant.server({ root, algorithm }));
    return runner;
  }

  async run(warmUp) {
    const { workload, direction, algorithm, timing } = this.#setting;
    const { path: source, name, amount } = workload;
    const found = join(this.#folder, name);
    const { told } = this.#server;
    const command = this.#contestant[direction]({
      told,
      algorithm,
      source,
      name,
      destination: this.#folder,
    });
    const { seconds, processor } = await timeCommand(command, this.#server, timing);
    (warmUp ? checkSame : checkComplete)(source, found);
    rmSync(found, { recursive: true });
    if (!warmUp) {
      this.rates.push(amount / seconds);
      this.#processor.push(processor);
    }
    return Math.round(amount / seconds);
  }

  figures() {
    const processor = this.#processor.includes(undefined) ? undefined : median(this.#processor);
    const { name, rates } = this;
    return { name, title: this.#contestant.title, ...spread(rates), processor, rates };
  }

  async stop() {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
