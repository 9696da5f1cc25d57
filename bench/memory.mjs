// npm run bench:memory [-- --quick] [-- --size 256MiB] …: see README.md, "Memory".
import { writeDocs, writeJson } from './lib/docs.mjs';
import { missedIn, verdictOf } from './lib/judge.mjs';
import { describeFileSystem, describeMachine, loadNow } from './lib/machine.mjs';
import { markdown } from './lib/report.mjs';
import { median, spread } from './lib/statistics.mjs';
import { parseOptions } from './memory/options.mjs';
import { rows } from './memory/rows.mjs';

const options = parseOptions(process.argv.slice(2));
const chosen = rows.filter(({ id }) => options.only === undefined || options.only.test(id));
if (options.list) {
  for (const { id, title } of chosen) console.log(`${id.padEnd(16)} ${title}`);
  process.exit(0);
}
if (chosen.length === 0) throw new Error('no row has such a name; --list shows them');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

const say = (text) => process.stderr.write(`${text}\n`);

async function measureRow({ id, title, amount, measure, unit, scale, target }) {
  const began = { date: new Date().toISOString(), load: loadNow() };
  const runs = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    runs.push(await measure(options));
    say(`  round ${round}: ${(runs.at(-1).value / scale).toFixed(1)} ${unit}`);
  }
  const values = runs.map(({ value }) => value / scale);
  const more = Object.keys(runs[0].more).map((what) => [what, median(runs.map((run) => run.more[what]))]);
  const verdict = verdictOf(median(values), target);
  const figures = { name: 'filex', title: 'filex-server', ...spread(values), values, target, verdict };
  return {
    ...{ id, title, section: 'Memory', ...began, rounds: options.rounds, amount: amount(options), unit },
    programs: [{ ...figures, more: Object.fromEntries(more) }],
    bounds: [],
  };
}

const report = {
  ...describeMachine(),
  fileSystem: describeFileSystem(options.dir),
  command: 'npm run bench:memory --',
  rows: [],
};
for (const row of chosen) {
  say(`${row.id}: ${row.title}`);
  report.rows.push(await measureRow(row));
}
console.log(markdown(report));
if (options.json !== undefined) writeJson(options.json, report);
const ids = rows.map(({ id }) => id);
if (options.writeDocs) writeDocs('memory', report, ids, markdown);
const missed = report.rows.flatMap(missedIn);
for (const text of missed) say(text);
if (options.check && missed.length > 0) process.exitCode = 1;
