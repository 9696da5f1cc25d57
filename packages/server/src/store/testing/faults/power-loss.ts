import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalStore } from '../../local/local-store.js';
import { formatOwner, parseOwner } from '../../local/process-owner.js';
import type { DiskLog } from './disk-log.js';
import type { Fault, Observer } from './file-call.js';
import { observe } from './patch.js';
import { seededRandom } from './random.js';
import { RebuiltDisk } from './rebuilt-disk.js';
import { Recorder } from './recorder.js';
import { judge, judgeMemory, type Knowledge, retryAll, type Violations } from './recovery.js';
import { type Survival, safeFrom, survivalsAt } from './survivals.js';
import { perform, tasksOf, type Word, type Workload } from './workload.js';

/** A workload as it went once: what it did to the disk, and what its clients were told. */
export interface Recording {
  readonly workload: Workload;
  readonly log: DiskLog<Word>;
}

/** How far to go. */
export interface Extent {
  readonly seed: number;
  /** At most so many states. Default: all that there are to choose. */
  readonly states?: number | undefined;
  /** Up to so many changes that are not safe, every combination of them is tried. */
  readonly exhaustive: number;
  /** Beyond, so many at random for each moment. */
  readonly random: number;
}

/** What was found. */
export interface Findings {
  /** Entries of the log. */
  readonly entries: number;
  /** Disks that were rebuilt, no two by the same choice, and recovered from. */
  readonly states: number;
  readonly violations: readonly string[];
}

/** In memory where there is such a place: these folders are for a moment only. */
export function scratchFolder(): string {
  const shared = '/dev/shm';
  const at = statSync(shared, { throwIfNoEntry: false })?.isDirectory() === true ? shared : tmpdir();
  return realpathSync(mkdtempSync(join(at, 'filex-power-loss-')));
}

/** Runs a workload on a new store below `scratch` and writes everything down. */
export async function record(workload: Workload, scratch: string): Promise<Recording> {
  const root = realpathSync(mkdtempSync(join(scratch, 'recorded-')));
  const recorder = new Recorder<Word>(root);
  const endRun = observe(new OtherRun());
  try {
    const store = await LocalStore.open(root);
    await perform(store, workload, (word) => recorder.mark(word));
    await store.close();
    return { workload, log: recorder.log };
  } finally {
    endRun();
    recorder.end();
    rmSync(root, { recursive: true });
  }
}

/** The machine runs anew after the power has come back: what is recorded belongs to another run than what recovers. */
class OtherRun implements Observer {
  readonly folder = '/proc/sys/kernel/random/boot_id';

  before(): Fault {
    return { answer: 'before the power failed' };
  }

  after(): void {}
}

/** Lets the power fail at every moment of a recording, rebuilds what may be left, and lets the store recover from it. */
export async function loseThePower(recording: Recording, scratch: string, extent: Extent): Promise<Findings> {
  const { log, workload } = recording;
  const tasks = tasksOf(workload);
  const violations: string[] = [];
  const seen = new Set<string>();
  for (const survival of survivals(log, extent)) {
    if (seen.size === extent.states) break;
    const words = wordsUntil(log, survival.cut);
    const key = keyOf(log, survival, words.length);
    if (seen.has(key)) continue;
    seen.add(key);
    const found = await recover(new RebuiltDisk(log, survival), { tasks, words }, scratch);
    if (found.length > 0) violations.push(`${describe(log, survival)}\n  ${found.join('\n  ')}`);
  }
  return { entries: log.length, states: seen.size, violations };
}

/** Every moment, one choice of each in turn, so that few states are of all moments. */
function* survivals(log: DiskLog<Word>, { seed, exhaustive, random }: Extent): Generator<Survival> {
  const safe = safeFrom(log);
  const next = seededRandom(seed);
  const choice = { exhaustive, random, next };
  let moments = Array.from({ length: log.length + 1 }, (_, cut) => survivalsAt(log, safe, cut, choice));
  while (moments.length > 0) {
    const going: typeof moments = [];
    for (const moment of moments) {
      const { done, value } = moment.next();
      if (done === true) continue;
      yield value;
      going.push(moment);
    }
    moments = going;
  }
}

function wordsUntil(log: DiskLog<Word>, cut: number): Word[] {
  return log.slice(0, cut).flatMap((entry) => (entry.op === 'mark' ? [entry.mark] : []));
}

/** The same for the same disk and the same knowledge. */
function keyOf(log: DiskLog<Word>, { cut, fates }: Survival, words: number): string {
  const hash = createHash('sha1').update(`${words}`);
  for (let i = 0; i < cut; i += 1) {
    const { op } = log[i] as DiskLog<Word>[number];
    if (op !== 'flush' && op !== 'mark') hash.update(JSON.stringify(fates.get(i) ?? 'done'));
  }
  return hash.digest('base64');
}

async function recover(disk: RebuiltDisk, knowledge: Knowledge, scratch: string): Promise<Violations> {
  const root = mkdtempSync(join(scratch, 'rebuilt-'));
  try {
    disk.writeTo(root, asOfAnother);
    return await recoverAt(root, knowledge);
  } catch (error) {
    return [`the store does not recover: ${error instanceof Error ? error.stack : String(error)}`];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** What this process has staged was staged by one that is gone: that had begun before. */
function asOfAnother(name: string): string {
  const owner = parseOwner(name);
  return owner?.pid === process.pid ? formatOwner({ ...owner, start: 1 }) : name;
}

async function recoverAt(root: string, knowledge: Knowledge): Promise<Violations> {
  const violations: Violations = [];
  const onWarning = (message: string, { err }: Readonly<Record<string, unknown>>): void => {
    if (err !== undefined) violations.push(`warning: ${message}: ${String(err)}`);
  };
  const store = await LocalStore.open(root, { onWarning });
  violations.push(...(await judge(store, knowledge)));
  violations.push(...(await judgeMemory(store, knowledge)));
  violations.push(...(await retryAll(store, knowledge)));
  violations.push(...(await judge(store, knowledge)).map((violation) => `after the retry: ${violation}`));
  await store.close();
  // When nobody needs to be told any more what became of uploads, nothing is left of them.
  const later = await LocalStore.open(root, { onWarning, uploads: { resumeTimeout: 0 } });
  await later.close();
  const staging = join(root, '.filex/staging');
  for (const path of readdirSync(staging, { recursive: true }))
    violations.push(`${String(path)} is left behind`);
  return [...new Set(violations)];
}

function describe(log: DiskLog<Word>, { cut, fates }: Survival): string {
  const shown = [...fates].map(([index, fate]) => {
    const name = typeof fate === 'string' ? fate : `torn ${fate.sectors.map(Number).join('')}`;
    return `${index} ${brief(log[index] as DiskLog<Word>[number])}: ${name}`;
  });
  const last = log.slice(Math.max(0, cut - 3), cut).map(brief);
  return `power lost after ${cut} of ${log.length} (${last.join('; ')}); not safe: ${shown.join('; ') || 'nothing'}`;
}

function brief(entry: DiskLog<Word>[number]): string {
  switch (entry.op) {
    case 'write':
      return `write ${entry.inode} +${entry.offset} ${entry.bytes.length}`;
    case 'mark':
      return `${entry.mark.word} ${entry.mark.task}`;
    case 'rename':
      return `rename ${entry.in}/${entry.name} ${entry.to}/${entry.newName}`;
    case 'create':
    case 'link':
    case 'remove':
      return `${entry.op} ${entry.in}/${entry.name} (${entry.inode})`;
    case 'flush':
    case 'mode':
    case 'times':
    case 'truncate':
      return `${entry.op} ${entry.inode}`;
  }
}
