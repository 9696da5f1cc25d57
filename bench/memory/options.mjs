import { tmpdir } from 'node:os';
import { parse } from '../lib/amounts.mjs';

const usage = `npm run bench:memory -- [options]
  --quick          16 uploads of 64 MiB, 1000 and 200 connections, one round
  --size SIZE      of each upload (1GiB)
  --clients N      uploads at once (64)
  --plain N        idle connections without TLS (10000)
  --tls N          idle connections with TLS (2000)
  --rounds N       with a new server each time (3)
  --dir DIR        where the server stores: it needs room for all uploads (the folder for temporary files)
  --only REGEX     rows to run
  --list           only show the rows
  --json FILE      the figures, with every single round
  --write-docs     put the rows into docs/BENCHMARKS.md
  --check          exit 1 when a figure is above what it may be`;

export function parseOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const given = parse(args, usage, {
    quick: flag,
    size: text,
    clients: text,
    plain: text,
    tls: text,
    rounds: text,
    dir: text,
    only: text,
    list: flag,
    json: text,
    'write-docs': flag,
    check: flag,
  });
  const { quick } = given;
  return {
    list: given.list,
    check: given.check,
    json: given.json,
    writeDocs: given['write-docs'],
    size: given.bytes('size', quick ? '64MiB' : '1GiB'),
    clients: given.whole('clients', 1, quick ? 16 : 64),
    plain: given.whole('plain', 1, quick ? 1000 : 10_000),
    tls: given.whole('tls', 1, quick ? 200 : 2000),
    rounds: given.whole('rounds', 1, quick ? 1 : 3),
    dir: given.dir ?? tmpdir(),
    only: given.pattern('only'),
  };
}
