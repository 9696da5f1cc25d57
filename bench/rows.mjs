/**
 * What is measured: every row is one kind of work, done by several programs in turn. The first program is ours; the others
 * are what it is compared with. `targets` is what is asked of the ratio of ours to that program.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} section of the table
 * @property {string} title
 * @property {'transfer' | 'distance' | 'many' | 'start'} work see lib/works.mjs
 * @property {'large' | 'small' | 'mixed' | 'many' | 'distant' | 'few'} workload see lib/workloads.mjs
 * @property {'up' | 'down' | 'list'} direction
 * @property {'blake3' | 'sha256'} algorithm
 * @property {'command' | 'inside'} [timing] a client process from start to exit, or what it says the transfer took
 * @property {readonly string[]} programs names in contestants.mjs
 * @property {Readonly<Record<string, import('./lib/judge.mjs').Target>>} [targets]
 * @property {Readonly<Record<string, import('./lib/judge.mjs').Target>>} [bounds] on figures of ours beside the ratio
 * @property {{ rtt: number, rate: number }} [path] milliseconds there and back, and bits per second, of a way through a proxy
 * @property {boolean} [watchesLoop] whether the server's event loop is watched
 * @property {number} [rounds] instead of those asked for
 * @property {string} [unit] when it is not that of the workload
 */
import { LOOP_DELAY } from './lib/works.mjs';

/** The requirement for the library alone, and for sha256. */
const LARGE = { bare: { floor: 0.5 } };
const GIGABIT = 1e9;

const directions = [
  ['up', 'upload'],
  ['down', 'download'],
];

/** One row for each direction. @returns {Row[]} */
const both = (row) =>
  directions.map(([direction, verb]) => ({
    algorithm: 'blake3',
    work: 'transfer',
    timing: 'command',
    ...row,
    direction,
    id: row.id.replace('*', direction),
    title: row.title.replace('*', verb),
    programs: row.programs.filter((name) => direction === 'up' || name !== 'tus'),
  }));

const large = [
  ...both({
    id: 'large-*',
    section: 'One large file, plain',
    title: '* of one large file, blake3',
    workload: 'large',
    programs: ['filex', 'filex-fsync', 'bare', 'rsync', 'nginx', 'tus', 'ftp', 'tar'],
    targets: { rsync: { floor: 1, goal: 1.3 }, bare: { floor: 0.85, goal: 0.95 } },
  }),
  ...both({
    id: 'large-*-sha256',
    section: 'One large file, plain',
    title: '* of one large file, sha256',
    workload: 'large',
    algorithm: 'sha256',
    programs: ['filex', 'bare'],
    targets: LARGE,
  }),
  ...both({
    id: 'large-*-tls',
    section: 'One large file, encrypted',
    title: '* of one large file, encrypted',
    workload: 'large',
    programs: ['filex-tls', 'filex-tls-fsync', 'sftp', 'nginx-tls'],
    targets: { sftp: { floor: 1.3, goal: 1.7 }, 'nginx-tls': { floor: 0.8, goal: 1 } },
  }),
];

const small = [
  ...both({
    id: 'small-*',
    section: 'Many small files',
    title: '* of many small files',
    workload: 'small',
    programs: ['filex', 'filex-fsync', 'rsync', 'sftp', 'nginx', 'bare', 'tar'],
    targets: { rsync: { floor: 1, goal: 1.3 }, sftp: { floor: 5, goal: 8 } },
  }),
  ...both({
    id: 'small-*-tls',
    section: 'Many small files',
    title: '* of many small files, encrypted',
    workload: 'small',
    programs: ['filex-tls', 'sftp', 'nginx-tls'],
  }),
  ...both({
    id: 'mixed-*',
    section: 'A mixed tree',
    title: '* of a mixed tree',
    workload: 'mixed',
    programs: ['filex', 'filex-fsync', 'rsync', 'sftp', 'tar'],
    targets: { rsync: { floor: 0.9, goal: 1.2 } },
  }),
];

const many = both({
  id: 'many-*',
  section: 'Many clients at once',
  title: '* by many clients at once, one file each',
  work: 'many',
  workload: 'many',
  programs: ['filex', 'filex-fsync', 'rsync', 'nginx'],
  bounds: { [LOOP_DELAY]: { ceiling: 20 } },
  watchesLoop: true,
});

const distant = [50, 100].flatMap((rtt) =>
  both({
    id: `distant-${rtt}ms-*`,
    section: 'A long way',
    title: `* of one file over 1 Gbit/s and ${rtt} ms there and back`,
    work: 'distance',
    workload: 'distant',
    programs: ['filex', 'bare', 'rsync'],
    targets: { filex: { floor: 0.9, goal: 0.95 } },
    path: { rtt, rate: GIGABIT },
  }),
);

/** @type {Row} */
const start = {
  id: 'start-ls',
  section: 'Start-up',
  title: 'filex-client ls of a small folder',
  work: 'start',
  workload: 'few',
  direction: 'list',
  algorithm: 'blake3',
  programs: ['filex', 'node'],
  targets: { node: { ceiling: 2 } },
  rounds: 15,
  unit: 'ms',
};

const alone = [
  ...['blake3', 'sha256'].flatMap((algorithm) =>
    both({
      id: `large-*-${algorithm}-library`,
      section: 'The library alone',
      title: `* of one large file, ${algorithm}, the library alone`,
      workload: 'large',
      algorithm,
      timing: 'inside',
      programs: ['library', 'bare'],
      targets: LARGE,
    }),
  ),
  ...both({
    id: 'small-*-library',
    section: 'The library alone',
    title: '* of many small files, the library alone',
    workload: 'small',
    timing: 'inside',
    programs: ['library', 'bare'],
  }),
];

/** @type {readonly Row[]} */
export const rows = [...large, ...small, ...many, ...distant, start, ...alone];
