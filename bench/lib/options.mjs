import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

const usage = `npm run bench -- [options]
  --quick        256 MiB and 2000 files, to see that everything runs; the figures mean little
  --size SIZE    of the large file (2GiB)
  --files N      small files, of 4 KiB each (10000)
  --rounds N     measured runs of each program (5; 3 at least)
  --dir DIR      where everything happens (/dev/shm, which is memory, where there is one)
  --only REGEX   rows to run
  --list         only show the rows
  --json FILE    the figures, with every single run
  --check        exit 1 when a ratio is below its floor`;

const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 };

function bytes(text) {
  const [, number, unit = 'B'] =
    /^(\d+(?:\.\d+)?)\s*([kKMG]i?B|B)?$/.exec(text) ?? fail(`not a size: ${text}`);
  return Math.round(Number(number) * (units[unit] ?? fail(`not a size: ${text}`)));
}

function whole(text, name, least) {
  const value = Number(text);
  return Number.isInteger(value) && value >= least
    ? value
    : fail(`${name} is a whole number from ${least} on`);
}

function fail(message) {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(2);
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        size: { type: 'string' },
        files: { type: 'string' },
        rounds: { type: 'string' },
        dir: { type: 'string' },
        only: { type: 'string' },
        list: { type: 'boolean', default: false },
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

export function parseOptions(args) {
  const given = parse(args);
  if (given.help) {
    console.log(usage);
    process.exit(0);
  }
  return {
    ...given,
    size: bytes(given.size ?? (given.quick ? '256MiB' : '2GiB')),
    files: whole(given.files ?? (given.quick ? '2000' : '10000'), '--files', 1),
    rounds: whole(given.rounds ?? (given.quick ? '3' : '5'), '--rounds', 3),
    dir: given.dir ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir()),
    only: given.only === undefined ? undefined : new RegExp(given.only),
  };
}
