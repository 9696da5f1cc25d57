// Fuzzes what a peer's bytes reach: npm run fuzz -- --seconds 60. README.md in this folder says how it works.
import { register } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `npm run fuzz -- [options]

  --seconds N      for how long, all targets together (default 60)
  --executions N   how many of each target instead; with the same seed and corpus the same every time
  --seed N         where the choices come from (default: another one each time)
  --target NAME    only this one; may be repeated
  --fresh          begin with the seeds alone, not with what is kept
  --keep           run the test vectors too, put what shows something into the corpus, drop what it does not need
  --missing        list the blocks that were not reached
  --patience N     milliseconds until executions that do not come back are given up (default 10000)
  --mutant N       fuzz the program with the deliberate defect N of src/testing/mutants.ts
  --json           one line of figures for each target`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    executions: { type: 'string' },
    seed: { type: 'string' },
    target: { type: 'string', multiple: true },
    fresh: { type: 'boolean', default: false },
    patience: { type: 'string' },
    keep: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}

const folder = import.meta.dirname;
register('./loader.mjs', import.meta.url, { data: {} });
// First of all, because every file with counters in it registers there.
const { coverage } = await import('./coverage.ts');
if (values.mutant !== undefined) {
  const { mutants } = await import('../src/testing/mutants.ts');
  const mutant = mutants[values.mutant];
  if (mutant === undefined) throw new RangeError(`--mutant must be a number below ${mutants.length}`);
  const { file, find, replace } = mutant;
  register('./loader.mjs', import.meta.url, { data: { mutant: { file, find, replace } } });
}
const { targets } = await import('./targets/index.ts');
const { Fuzzer } = await import('./engine.ts');
const { Folder, inputsOfVectors } = await import('./corpus.ts');

coverage.begin();
// Faults are many here, and nobody reads where they come from.
Error.stackTraceLimit = 0;

const seed = number('seed', Math.floor(Math.random() * 2 ** 32));
const executions = number('executions', Number.POSITIVE_INFINITY);
const seconds = number('seconds', values.executions === undefined ? 60 : Number.POSITIVE_INFINITY);
const chosen = targets.filter(({ name }) => values.target?.includes(name) ?? true);
if (chosen.length === 0) {
  console.error(`There is no such target. There are: ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const corpus = new Folder(join(folder, 'corpus'));
const crashes = new Folder(join(folder, 'crashes'));
// Thousands; what they show stays in the corpus.
const vectors = values.keep ? inputsOfVectors(join(folder, '../vectors')) : [];
const say = (line) => values.json || console.log(line);
const rows = [];
const reached = new Set();

say(`seed ${seed}`);
for (const target of chosen) {
  const started = performance.now();
  const fuzzer = new Fuzzer(target, seed, number('patience', 10_000));
  const known = values.fresh ? [] : [...corpus.read(target.name), ...crashes.read(target.name), ...vectors];
  fuzzer.begin([...known, ...target.seeds()]);
  fuzzer.fuzz(executions, started + (seconds * 1000) / chosen.length);
  const elapsed = (performance.now() - started) / 1000;
  const found = fuzzer.found;

  for (const { input, message } of fuzzer.findings) {
    if (values.mutant === undefined) crashes.append(target.name, input, `${message} (seed ${seed})`);
    say(`  ${target.name}: ${message}`);
  }
  const kept = values.keep && fuzzer.findings.length === 0 ? fuzzer.minimised() : undefined;
  if (kept !== undefined) corpus.write(target.name, kept);

  for (const feature of fuzzer.features) reached.add(feature);
  const files = coverage.summary(fuzzer.features).filter(({ name }) => target.about(name));
  const row = {
    target: target.name,
    executions: fuzzer.executions,
    perSecond: Math.round(fuzzer.executions / elapsed),
    covered: sum(files, 'covered'),
    blocks: sum(files, 'blocks'),
    features: fuzzer.features.size,
    found,
    ...(kept === undefined ? {} : { kept: kept.length }),
    crashes: fuzzer.findings.length,
  };
  rows.push(row);
  if (values.json)
    console.log(JSON.stringify({ seed, ...row, findings: fuzzer.findings.map(({ message }) => message) }));
}
if (!values.json) {
  console.table(Object.fromEntries(rows.map(({ target, ...figures }) => [target, figures])));
  const files = coverage.summary(reached).filter(({ name }) => chosen.some((target) => target.about(name)));
  if (values.missing)
    for (const { name, missing } of files) if (missing.length > 0) say(`  ${name}: ${missing.join(', ')}`);
  say(
    `covered ${sum(files, 'covered')} of ${sum(files, 'blocks')} blocks, ` +
      `${sum(files, 'coveredFunctions')} of ${sum(files, 'functions')} functions, in ${files.length} files`,
  );
  say(
    `seed ${seed}: ${sum(rows, 'executions')} executions, ${sum(rows, 'found')} new inputs, ${sum(rows, 'crashes')} crashes`,
  );
}
process.exitCode = rows.some((row) => row.crashes > 0) ? 1 : 0;

function sum(list, name) {
  return list.reduce((total, each) => total + each[name], 0);
}

function number(name, fallback) {
  const value = values[name] === undefined ? fallback : Number(values[name]);
  if (!(value >= 0)) throw new RangeError(`--${name} must be a number, not ${values[name]}`);
  return value;
}
