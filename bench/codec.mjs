// npm run bench:codec [-- --quick] [-- --check] …: see README.md, "Decoders".
import { join } from 'node:path';
import { contestants, versionOf } from './codec/contestants.mjs';
import { compare, measureInTurn } from './codec/measure.mjs';
import { parseOptions } from './codec/options.mjs';
import { own } from './codec/own.mjs';
import { gigabytes, markdown } from './codec/report.mjs';
import { rows } from './codec/rows.mjs';
import { writeDocs, writeJson } from './lib/docs.mjs';
import { describeMachine } from './lib/machine.mjs';

const options = parseOptions(process.argv.slice(2));
const chosen = rows.filter(({ id }) => options.only === undefined || options.only.test(id));
if (options.list) {
  for (const { id, title } of chosen) console.log(`${id.padEnd(16)} ${title}`);
  process.exit(0);
}
if (chosen.length === 0) throw new Error('no row has such a name; --list shows them');

const say = (text) => process.stderr.write(`${text}\n`);
const present = [];
const missing = [];
const versions = [];
for (const [name, { title, package: peer, load }] of Object.entries(contestants)) {
  try {
    await load();
    versions.push({ title, version: versionOf(peer ?? '@filex/protocol') });
    present.push(name);
  } catch (error) {
    if (peer === undefined) throw error;
    say(`${title} is missing: ${error.message}`);
    missing.push(title);
  }
}

const report = { ...describeMachine(), rounds: options.rounds, versions, missing, rows: [] };
for (const row of chosen) {
  say(row.title);
  const names = row.own ? own.map((_, index) => index) : present;
  const titleOf = (name) => (row.own ? own[name] : contestants[name]).title;
  const measured = await measureInTurn(row.id, names, options.rounds);
  const figures = measured.map((each) => ({ ...each, title: titleOf(each.name) }));
  report.rows.push({ ...row, figures, missing, compared: row.own ? undefined : compare(figures) });
}

console.log(markdown(report));
const file = options.json ?? join(import.meta.dirname, 'results/codec.json');
writeJson(file, report);
say(`every round: ${file}`);
if (options['write-docs'])
  writeDocs(
    'codec',
    report,
    rows.map(({ id }) => id),
    markdown,
  );

const unproven = report.rows.flatMap(({ title, floor, rateFloor, compared, figures, payload }) => [
  ...(floor === undefined || compared?.ratio >= floor
    ? []
    : [`${title}: ${compared?.ratio.toFixed(2) ?? 'no ratio'} is below the floor of ${floor}`]),
  ...(rateFloor === undefined || gigabytes(figures[0].median, payload) >= rateFloor
    ? []
    : [`${title}: less than ${rateFloor} GB/s`]),
]);
for (const text of unproven) say(text);
if (missing.length > 0) say(`not compared with ${missing.join(', ')}`);
if (options.check && (unproven.length > 0 || missing.length > 0)) process.exitCode = 1;
