import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median, spread } from '../lib/statistics.mjs';

/** A process that does one contestant's part of a row, a round whenever it is asked. */
class Worker {
  rates = [];
  #child;
  #end;

  constructor(row, name) {
    this.name = name;
    this.#child = fork(join(import.meta.dirname, 'worker.mjs'), [row, String(name)], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#end = once(this.#child, 'exit').then(() => []);
  }

  /** @returns what the process says next. @throws when it ends instead. */
  async #answer() {
    const [answer] = await Promise.race([once(this.#child, 'message'), this.#end]);
    if (answer === undefined) throw new Error(`${this.name} failed`);
    return answer;
  }

  ready() {
    return this.#answer();
  }

  async round() {
    this.#child.send('go');
    const { count, seconds } = await this.#answer();
    this.rates.push(count / seconds);
  }

  stop() {
    this.#child.kill();
  }
}

/** Rounds of all in turn, A B C A B C …; each alone on the machine as far as it is up to us. */
export async function measureInTurn(row, names, rounds) {
  const workers = [];
  try {
    for (const name of names) {
      const worker = new Worker(row, name);
      workers.push(worker);
      await worker.ready();
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const worker of workers) await worker.round();
    }
  } finally {
    for (const worker of workers) worker.stop();
  }
  return workers.map(({ name, rates }) => ({ name, ...spread(rates), rates }));
}

/**
 * The first against the best of the others: the median of the ratios of single rounds, which follow each other within a
 * second, so that a machine that slows down slows both.
 */
export function compare([ours, ...others]) {
  const best = others.toSorted((a, b) => b.median - a.median)[0];
  if (best === undefined) return undefined;
  const ratios = ours.rates.map((rate, round) => rate / best.rates[round]);
  return { best: best.name, ratio: median(ratios), ...spread(ratios), ratios };
}
