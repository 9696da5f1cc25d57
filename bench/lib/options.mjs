import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parse } from './amounts.mjs';

const usage = `npm run bench -- [options]
  --quick              small amounts and 3 rounds, a few minutes; the figures mean little
  --size SIZE          of the large file (2GiB)
  --files N            small files, of 4 KiB each (10000)
  --mixed N            files of the mixed tree (26000)
  --clients N          clients at once (64)
  --client-size SIZE   that each of them moves (32MiB)
  --distant-size SIZE  of the file that goes a long way (1GiB)
  --rounds N           measured runs of each program (5; 3 at least)
  --dir DIR            where everything happens (/dev/shm, which is memory, where there is one)
  --fs ext4            on a file system of its own, mounted from an image in DIR; for root, on Linux
  --only REGEX         rows to run
  --list               only show the rows
  --json FILE          the figures, with every single run
  --write-docs         put the rows into docs/BENCHMARKS.md
  --check              exit 1 when a ratio is below its floor`;

/** Where there is memory to measure in, rather than a disk. */
export const defaultFolder = () => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

export function parseOptions(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const given = parse(args, usage, {
    quick: flag,
    size: text,
    files: text,
    mixed: text,
    clients: text,
    'client-size': text,
    'distant-size': text,
    rounds: text,
    dir: text,
    fs: text,
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
    size: given.bytes('size', quick ? '256MiB' : '2GiB'),
    files: given.whole('files', 1, quick ? 2000 : 10_000),
    mixed: given.whole('mixed', 1, quick ? 4000 : 26_000),
    clients: given.whole('clients', 1, quick ? 16 : 64),
    clientSize: given.bytes('client-size', quick ? '8MiB' : '32MiB'),
    distantSize: given.bytes('distant-size', quick ? '128MiB' : '1GiB'),
    rounds: given.whole('rounds', 3, quick ? 3 : 5),
    dir: given.dir ?? defaultFolder(),
    fs: given.oneOf('fs', ['ext4']),
    only: given.pattern('only'),
  };
}
