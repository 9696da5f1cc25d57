// The kinds of work. Each does its work once with one program, and tells what that came to.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { timeCommands } from './processes.mjs';
import { median } from './statistics.mjs';
import { checkComplete, checkSame } from './workloads.mjs';

/**
 * @typedef {object} Done
 * @property {number} value what is compared, in the unit of the row
 * @property {number} [processor] seconds, of both ends together
 * @property {number} [share] of what can be reached at all
 * @property {Readonly<Record<string, number>>} [more] figures that belong to it
 *
 * @typedef {(runner: import('./runner.mjs').Runner, first: boolean) => Promise<Done>} Work `first` is the run that warms
 *   up, whose result is looked at byte by byte
 */

/** What a server's event loop is watched for. */
export const LOOP_DELAY = 'event loop delay p99, ms';

/** One command that moves one file or tree. @type {Work} */
async function transfer(runner, first) {
  const { name, path, amount } = runner.workload;
  const timed = await timeCommands([await runner.command(name, path)], runner.server);
  const seconds = runner.row.timing === 'inside' ? JSON.parse(timed.each[0].output).ms / 1000 : timed.seconds;
  takeAway(runner, name, path, first);
  return { value: amount / seconds, processor: timed.processor };
}

/** The same over a long way, beside what that way allows. @type {Work} */
async function distance(runner, first) {
  const { value, processor } = await transfer(runner, first);
  const { bytes, amount } = runner.workload;
  return { value, processor, share: (await limitSeconds(bytes, runner.row.path)) / (amount / value) };
}

/** Runs of `node -e 0`, for what the start of any program of Node takes. */
const STARTS = 9;
let nodeStart;

/**
 * The least that a whole command can take: the start of Node, one round trip to connect, one until the end of the file
 * has arrived and the answer is back, and the file at the rate of the line.
 */
async function limitSeconds(bytes, { rtt, rate }) {
  nodeStart ??= await startOfNode();
  return nodeStart + (2 * rtt) / 1000 + (bytes * 8) / rate;
}

async function startOfNode() {
  const times = [];
  for (let i = 0; i < STARTS; i += 1) {
    times.push((await timeCommands([{ argv: [process.execPath, '-e', '0'] }])).seconds);
  }
  return median(times);
}

/** As many commands at once as the workload has files, each of which moves one. @type {Work} */
async function many(runner, first) {
  const { names, pathOf, amount } = runner.workload;
  const commands = [];
  for (const name of names) commands.push(await runner.command(name, pathOf(name)));
  await runner.loopDelay();
  const { each, seconds, processor } = await timeCommands(commands, runner.server);
  const delay = await runner.loopDelay();
  for (const name of names) takeAway(runner, name, pathOf(name), first);
  const ends = each.map((one) => one.seconds);
  const more = {
    'first done after, s': Math.min(...ends),
    'half done after, s': median(ends),
    'last done after, s': Math.max(...ends),
  };
  if (delay !== undefined) {
    more[LOOP_DELAY] = delay.p99;
    more['event loop delay at most, ms'] = delay.max;
  }
  return { value: amount / seconds, processor, more };
}

/** One command that does little; milliseconds that it takes. @type {Work} */
async function start(runner) {
  const { seconds, processor } = await timeCommands(
    [await runner.command(runner.workload.name)],
    runner.server,
  );
  return { value: seconds * 1000, processor };
}

function takeAway(runner, name, path, first) {
  const found = join(runner.folder, name);
  (first ? checkSame : checkComplete)(path, found);
  rmSync(found, { recursive: true });
}

/** @type {Readonly<Record<string, Work>>} */
export const works = { transfer, distance, many, start };
