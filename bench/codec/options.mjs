import { parseArgs } from 'node:util';

const usage = `npm run bench:codec -- [options]
  --quick        5 rounds, to see that everything runs
  --rounds N     measured rounds of each (9; 5 at least)
  --only REGEX   rows to run
  --list         only show the rows
  --json FILE    the figures, with every single round (bench/results/codec.json)
  --write-docs   put the table into docs/BENCHMARKS.md
  --check        exit 1 when a ratio is below its floor, or a peer to compare with is missing`;

function fail(message) {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(2);
}

export function parseOptions(args) {
  let given;
  try {
    given = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string' },
        list: { type: 'boolean', default: false },
        json: { type: 'string' },
        'write-docs': { type: 'boolean', default: false },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
  if (given.help) {
    console.log(usage);
    process.exit(0);
  }
  const rounds = Number(given.rounds ?? (given.quick ? 5 : 9));
  if (!Number.isInteger(rounds) || rounds < 5) fail('--rounds is a whole number from 5 on');
  return { ...given, rounds, only: given.only === undefined ? undefined : new RegExp(given.only) };
}
