import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ServerProcess } from './processes.mjs';

/** Milliseconds between two looks at what a server has written. */
const STEP = 5;

/** One program with its server, in one row. */
export class Runner {
  name;
  row;
  workload;
  /** Where uploads arrive, and where downloads go. */
  folder;
  server;
  /** What every run but the first came to. */
  runs = [];
  #contestant;
  #setting;
  #scratch;
  #port;
  #proxy;
  #delays = 0;

  static async start(name, row, { contestants, workloads, folder }) {
    const runner = new Runner();
    const contestant = contestants[name];
    runner.name = name;
    runner.row = row;
    runner.workload = workloads.get(row.workload);
    runner.folder = join(folder, name);
    runner.#contestant = contestant;
    runner.#scratch = join(folder, `${name}-scratch`);
    mkdirSync(runner.folder, { recursive: true });
    mkdirSync(runner.#scratch, { recursive: true });
    // What is downloaded is what is at hand; only uploads need a folder of their own.
    const root = row.direction === 'up' ? runner.folder : join(folder, 'source');
    const { algorithm, direction } = row;
    runner.#setting = { root, scratch: runner.#scratch, algorithm, name: runner.workload.name };
    try {
      if (contestant.server !== undefined) {
        const command = await contestant.server({ ...runner.#setting, ...runner.#watching });
        runner.server = await ServerProcess.start(command);
        const { told } = runner.server;
        runner.#port = contestant.port?.(told, direction) ?? told.port;
      }
      if (row.path !== undefined) await runner.#goThroughProxy(row.path);
    } catch (error) {
      await runner.stop();
      throw error;
    }
    return runner;
  }

  get #loopDelayFile() {
    const watched = this.row.watchesLoop && this.#contestant.takesNodeArguments;
    return watched ? join(this.#scratch, 'loop-delay.ndjson') : undefined;
  }

  /** What makes the server tell how late its event loop is. */
  get #watching() {
    const file = this.#loopDelayFile;
    if (file === undefined) return {};
    const program = join(import.meta.dirname, '../programs/loop-delay.mjs');
    return { nodeArguments: ['--import', program], env: { FILEX_BENCH_LOOP_DELAY: file } };
  }

  async #goThroughProxy({ rtt, rate }) {
    const program = join(import.meta.dirname, '../proxy/proxy.mjs');
    const args = [this.#port, rtt, rate].map(String);
    this.#proxy = await ServerProcess.start({ argv: [process.execPath, program, ...args] });
    this.#port = this.#proxy.told.port;
  }

  /** The command of this row for that file or folder, which `source` is a copy of. Waits for the server if it has to. */
  async command(name, source) {
    const told = this.server?.told;
    const move = { ...this.#setting, told, port: this.#port, name, source, destination: this.folder };
    await this.#contestant.ready?.(move);
    return this.#contestant[this.row.direction](move);
  }

  /**
   * How late the server's event loop was since this was last asked, milliseconds; undefined when it does not tell.
   * @returns {Promise<{ p50: number, p99: number, max: number } | undefined>}
   */
  async loopDelay() {
    const file = this.#loopDelayFile;
    if (file === undefined) return undefined;
    this.#delays += 1;
    this.server.signal('SIGUSR2');
    for (;;) {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
      // A line is whole when another one has begun after it.
      if (lines.length > this.#delays) return JSON.parse(lines[this.#delays - 1]);
      await pause(STEP);
    }
  }

  async run(work, first) {
    const done = await work(this, first);
    if (!first) this.runs.push(done);
    return done;
  }

  async stop() {
    await this.#proxy?.stop();
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
