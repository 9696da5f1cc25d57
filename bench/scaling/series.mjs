/**
 * What is measured: the same work with more and more of one thing. `options` are those of a workload with so much of it;
 * `unit` is what a cost is of, and `per` how many of the thing that is.
 *
 * @typedef {object} Series
 * @property {string} id
 * @property {string} title
 * @property {string} unit
 * @property {'transfer' | 'many'} work see lib/works.mjs
 * @property {'small' | 'sparse' | 'many'} workload see lib/workloads.mjs
 * @property {'up' | 'down'} direction
 * @property {readonly number[]} steps
 * @property {readonly number[]} quick the steps of a quick look
 * @property {(step: number, quick: boolean) => Record<string, number>} options
 */
const GiB = 2 ** 30;
const MiB = 2 ** 20;

const directions = [
  ['up', 'upload'],
  ['down', 'download'],
];

/** @type {readonly Series[]} */
export const series = directions.flatMap(([direction, verb]) => [
  {
    id: `files-${direction}`,
    title: `${verb} of files of 4 KiB`,
    unit: 'file',
    work: 'transfer',
    workload: 'small',
    direction,
    steps: [1000, 10_000, 100_000],
    quick: [250, 500, 1000],
    options: (files) => ({ files }),
  },
  {
    id: `size-${direction}`,
    title: `${verb} of one file of so many GiB`,
    unit: 'GiB',
    work: 'transfer',
    workload: 'sparse',
    direction,
    steps: [1, 4, 16],
    quick: [1 / 16, 1 / 8, 1 / 4],
    options: (size) => ({ size: size * GiB }),
  },
  {
    id: `clients-${direction}`,
    title: `${verb} by clients at once, one file each`,
    unit: 'client',
    work: 'many',
    workload: 'many',
    direction,
    steps: [1, 8, 64],
    quick: [1, 4, 8],
    options: (clients, quick) => ({ clients, clientSize: quick ? 4 * MiB : 32 * MiB }),
  },
]);
