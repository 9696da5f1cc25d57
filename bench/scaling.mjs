// npm run bench:scaling [-- --quick] …: see README.md, "Scaling".
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDocs, writeJson } from './lib/docs.mjs';
import { describeFileSystem, describeMachine } from './lib/machine.mjs';
import { measureSeries } from './scaling/measure.mjs';
import { parseOptions } from './scaling/options.mjs';
import { markdown } from './scaling/report.mjs';
import { series } from './scaling/series.mjs';

const options = parseOptions(process.argv.slice(2));
const chosen = series.filter(({ id }) => options.only === undefined || options.only.test(id));
if (options.list) {
  for (const { id, title } of chosen) console.log(`${id.padEnd(16)} ${title}`);
  process.exit(0);
}
if (chosen.length === 0) throw new Error('no series has such a name; --list shows them');

const say = (text) => process.stderr.write(`${text}\n`);
const outer = mkdtempSync(join(options.dir, 'filex-scaling-'));
process.on('exit', () => rmSync(outer, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

const report = {
  ...describeMachine(),
  fileSystem: describeFileSystem(outer),
  command: 'npm run bench:scaling --',
  rows: [],
};
for (const one of chosen) {
  say(`${one.id}: ${one.title}`);
  const folder = join(outer, one.id);
  mkdirSync(folder);
  report.rows.push(await measureSeries(one, { folder, rounds: options.rounds, quick: options.quick, say }));
  rmSync(folder, { recursive: true });
}
console.log(markdown(report));
if (options.json !== undefined) writeJson(options.json, report);
const ids = series.map(({ id }) => id);
if (options.writeDocs) writeDocs('scaling', report, ids, markdown);
const missed = report.rows.filter(({ steps }) => steps.some(({ verdict }) => verdict === 'missed'));
for (const { id } of missed) say(`${id}: one of many costs more than one of few`);
if (options.check && missed.length > 0) process.exitCode = 1;
