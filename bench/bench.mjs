// npm run bench [-- --quick] [-- --size 2GiB] [-- --dir /dev/shm] …: see README.md.
// Runs of all programs of a row alternate (A B A B), because a machine drifts: only their ratios mean anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { contestants } from './contestants.mjs';
import { writeDocs, writeJson } from './lib/docs.mjs';
import { ext4Missing, mountExt4 } from './lib/ext4.mjs';
import { missedIn } from './lib/judge.mjs';
import { describeFileSystem, describeMachine } from './lib/machine.mjs';
import { measureRow } from './lib/measure.mjs';
import { parseOptions } from './lib/options.mjs';
import { markdown } from './lib/report.mjs';
import { Workloads } from './lib/workloads.mjs';
import { rows } from './rows.mjs';

const GiB = 2 ** 30;

const options = parseOptions(process.argv.slice(2));
const chosen = rows.filter(({ id }) => options.only === undefined || options.only.test(id));
if (options.list) {
  for (const { id, title } of chosen) console.log(`${id.padEnd(28)} ${title}`);
  process.exit(0);
}
if (chosen.length === 0) throw new Error('no row has such a name; --list shows them');

const say = (text) => process.stderr.write(`${text}\n`);
const unable = options.fs === undefined ? undefined : ext4Missing();
if (unable !== undefined) {
  say(`nothing is measured on ${options.fs}: ${unable}`);
  process.exit(options.check ? 1 : 0);
}

const outer = mkdtempSync(join(options.dir, 'filex-bench-'));
let mounted;
process.on('exit', () => {
  mounted?.unmount();
  rmSync(outer, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
const { size, clients, clientSize, distantSize, rounds } = options;
const room = 3 * Math.max(size, clients * clientSize, distantSize) + 4 * GiB;
if (options.fs !== undefined) mounted = mountExt4(outer, room);
const folder = mounted?.folder ?? outer;

const workloads = new Workloads(folder, options);
const measured = [];
for (const row of chosen) {
  say(`${row.id}: ${row.title}`);
  measured.push(await measureRow(row, { contestants, workloads, folder, rounds, say }));
}

const taking = Object.values(contestants).filter(({ missing }) => missing?.() === undefined);
const report = {
  ...describeMachine(),
  fileSystem: describeFileSystem(folder, mounted?.described),
  command: `npm run bench --${options.fs === undefined ? '' : ` --fs ${options.fs}`}`,
  versions: taking.flatMap(({ version }) => version?.() ?? []),
  rows: measured,
};
console.log(markdown(report));
if (options.json !== undefined) writeJson(options.json, report);
if (options.writeDocs) {
  const name = options.fs === undefined ? 'main' : `main-${options.fs}`;
  writeDocs(
    name,
    report,
    rows.map(({ id }) => id),
    markdown,
  );
}
const missed = report.rows.flatMap(missedIn);
for (const text of missed) say(text);
if (options.check && missed.length > 0) process.exitCode = 1;
