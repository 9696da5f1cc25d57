// npm run bench [-- --quick] [-- --size 2GiB] [-- --dir /dev/shm] …: see README.md.
// Runs of all programs of a row alternate (A B A B), because a machine drifts: only their ratios mean anything.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contestants } from './contestants.mjs';
import { describeFileSystem, describeMachine } from './lib/machine.mjs';
import { measureRow } from './lib/measure.mjs';
import { parseOptions } from './lib/options.mjs';
import { markdown } from './lib/report.mjs';
import { Workloads } from './lib/workloads.mjs';
import { rows } from './rows.mjs';

const options = parseOptions(process.argv.slice(2));
const chosen = rows.filter(({ id }) => options.only === undefined || options.only.test(id));
if (options.list) {
  for (const { id, title } of chosen) console.log(`${id.padEnd(24)} ${title}`);
  process.exit(0);
}
if (chosen.length === 0) throw new Error('no row has such a name; --list shows them');

const folder = mkdtempSync(join(options.dir, 'filex-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

const say = (text) => process.stderr.write(`${text}\n`);
const { size, files, rounds } = options;
const report = {
  ...describeMachine(),
  fileSystem: describeFileSystem(folder),
  size,
  files,
  rounds,
  rows: [],
};
const workloads = new Workloads(folder, options);
for (const row of chosen) {
  say(`${row.id}: ${row.title}`);
  report.rows.push(await measureRow(row, { contestants, workloads, folder, rounds, say }));
}

console.log(markdown(report));
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
const below = report.rows.filter(({ verdict }) => verdict === 'below the floor');
for (const { id, ratio, floor } of below) say(`${id}: ${ratio.toFixed(2)} is below the floor of ${floor}`);
if (options.check && below.length > 0) process.exitCode = 1;
