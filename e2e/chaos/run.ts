import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { undoing } from '../harness/clean-up.js';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { buildFaultsPreload } from './faults-preload.js';
import { type Ground, groundIn } from './ground.js';
import { Ledger } from './ledger.js';
import { playRound, type RoundReport } from './round.js';
import { commitSteps, troubles } from './trouble.js';

/** Rounds in a row that use the same served folder. */
const SHARING = 4;
/** Violations of one round that are shown. */
const SHOWN = 10;
/** Characters of one that are shown. */
const CHARACTERS = 1500;

export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: string;
  /** The first round. */
  readonly from?: number;
  /** No round begins later. Default: no limit. */
  readonly seconds?: number;
  /** Takes the lines that are printed. */
  readonly say: (line: string) => void;
}

/** Plays so many rounds and prints what has happened. Returns how many of them had a violation. */
export async function runChaos(options: ChaosOptions): Promise<number> {
  const { rounds, seed, from = 0, seconds = Number.POSITIVE_INFINITY, say } = options;
  const begin = performance.now();
  const totals = new Totals();
  say(`seed ${seed}`);
  await undoing(async () => {
    const base = temporaryFolder(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
    const faultsPreload = await buildFaultsPreload();
    let ground: Ground | undefined;
    for (let round = from; round < from + rounds; round += 1) {
      if ((performance.now() - begin) / 1000 > seconds) break;
      if (ground === undefined || round % SHARING === 0) {
        if (ground !== undefined) rmSync(ground.folder, { recursive: true });
        ground = groundIn(folderIn(base, `ground-${round}`), new Ledger());
      }
      const trouble = troubles[round % troubles.length] as (typeof troubles)[number];
      const at = performance.now();
      const own = folderIn(base, `round-${round}`);
      const report = await play({ seed, round, trouble, ground, faultsPreload, base: own });
      totals.add(report);
      const named =
        trouble.kind === 'server killed at a step' ? `${trouble.kind}: ${trouble.step}` : trouble.kind;
      const bad = report.violations.length === 0 ? '' : `, ${report.violations.length} VIOLATIONS`;
      const { runs, connections, acknowledged } = report;
      say(
        `round ${round}: ${named}; ${runs} runs, ${connections} connections, ${acknowledged} files acknowledged, ${Math.round(performance.now() - at)} ms${bad}`,
      );
      for (const violation of report.violations.slice(0, SHOWN))
        say(`  VIOLATION: ${violation.slice(0, CHARACTERS)}`);
      if (bad !== '') {
        const first = round - (round % SHARING);
        say(`  again: npm run chaos -- --seed ${seed} --from ${first} --rounds ${round - first + 1}`);
        // What the next rounds find should be theirs.
        ground = undefined;
      }
    }
  });
  totals.print(say, (performance.now() - begin) / 1000);
  return totals.failed;
}

/** A round, and a folder for it that is gone afterwards. What it cannot do, such as to start a server, is a violation. */
function play(options: Parameters<typeof playRound>[0]): Promise<RoundReport> {
  return undoing(async () => {
    try {
      return await playRound(options);
    } catch (error) {
      return { ...nothing, violations: [error instanceof Error ? String(error.stack) : String(error)] };
    } finally {
      rmSync(options.base, { recursive: true, force: true });
    }
  });
}

const nothing: RoundReport = {
  violations: [],
  faults: new Map(),
  step: undefined,
  acknowledged: 0,
  needed: 0,
  passed: 0,
  connections: 0,
  runs: 0,
};

class Totals {
  #rounds = 0;
  #acknowledged = 0;
  #needed = 0;
  #passed = 0;
  #again = 0;
  #connections = 0;
  #runs = 0;
  #violations = 0;
  readonly #faults = new Map<string, number>();
  readonly #steps = new Map<string, number>();
  failed = 0;

  add(report: RoundReport): void {
    this.#rounds += 1;
    this.#acknowledged += report.acknowledged;
    this.#needed += report.needed;
    this.#passed += report.passed;
    this.#again += Math.max(0, report.passed - report.needed);
    this.#connections += report.connections;
    this.#runs += report.runs;
    this.#violations += report.violations.length;
    if (report.violations.length > 0) this.failed += 1;
    for (const [kind, count] of report.faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
    if (report.step !== undefined) this.#steps.set(report.step, (this.#steps.get(report.step) ?? 0) + 1);
  }

  print(say: (line: string) => void, seconds: number): void {
    const counted = (counts: ReadonlyMap<string, number>): string =>
      [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
    const missed = commitSteps.filter((step) => !this.#steps.has(step));
    const MiB = 1024 * 1024;
    say('');
    say(
      `rounds ${this.#rounds} in ${seconds.toFixed(0)} s, runs of a client ${this.#runs}, connections ${this.#connections}`,
    );
    say(`faults injected: ${counted(this.#faults)}`);
    say(`killed before a step of the commit: ${counted(this.#steps)}`);
    if (missed.length > 0) say(`steps not visited: ${missed.join(', ')}`);
    say(`files acknowledged ${this.#acknowledged}`);
    say(
      `bytes of files ${(this.#needed / MiB).toFixed(1)} MiB, on the wire ${(this.#passed / MiB).toFixed(1)} MiB, so resent or framing ${(this.#again / MiB).toFixed(1)} MiB`,
    );
    say(`violations ${this.#violations}`);
    say(`${this.#rounds - this.failed} passed, ${this.failed} failed`);
  }
}
