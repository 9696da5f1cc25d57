import { parse } from '../lib/amounts.mjs';
import { defaultFolder } from '../lib/options.mjs';

const usage = `npm run bench:scaling -- [options]
  --quick          small steps, to see that everything runs
  --rounds N       measured runs of each step (3)
  --dir DIR        where everything happens (/dev/shm, where there is one); the largest file needs 17 GiB
  --only REGEX     series to run
  --list           only show the series
  --json FILE      the figures, with every single run
  --write-docs     put the series into docs/BENCHMARKS.md
  --check          exit 1 when something costs more the more there is of it`;

export function parseOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const given = parse(args, usage, {
    quick: flag,
    rounds: text,
    dir: text,
    only: text,
    list: flag,
    json: text,
    'write-docs': flag,
    check: flag,
  });
  return {
    list: given.list,
    check: given.check,
    json: given.json,
    writeDocs: given['write-docs'],
    quick: given.quick,
    rounds: given.whole('rounds', 1, 3),
    dir: given.dir ?? defaultFolder(),
    only: given.pattern('only'),
  };
}
