/**
 * What is measured: every row is one kind of work, done by several programs in turn. The first program is ours, the last
 * is what it is compared with; `floor` is the least that the ratio of the two may be.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {'large' | 'small'} workload one large file, or a tree of many small ones; see lib/workloads.mjs
 * @property {'up' | 'down'} direction
 * @property {'blake3' | 'sha256'} algorithm
 * @property {'command' | 'inside'} timing a client process from start to exit, or what it says the transfer took
 * @property {readonly string[]} programs names in contestants.mjs
 * @property {number} [floor]
 */

/** The requirement for large files so far; docs/ARCHITECTURE.md has where it is to go. */
const LARGE_FLOOR = 0.5;

const directions = [
  ['up', 'upload'],
  ['down', 'download'],
];
const levels = [
  ['command', 'filex', 'whole commands'],
  ['inside', 'library', 'the library alone'],
];

/** @type {Row[]} */
export const rows = [];

for (const [timing, ours, level] of levels) {
  for (const algorithm of ['blake3', 'sha256']) {
    for (const [direction, verb] of directions) {
      rows.push({
        id: `large-${direction}-${algorithm}-${ours}`,
        title: `${verb} of one large file, ${algorithm}, ${level}`,
        workload: 'large',
        direction,
        algorithm,
        timing,
        programs: [ours, 'bare'],
        floor: LARGE_FLOOR,
      });
    }
  }
  for (const [direction, verb] of directions) {
    rows.push({
      id: `small-${direction}-${ours}`,
      title: `${verb} of many small files, ${level}`,
      workload: 'small',
      direction,
      algorithm: 'blake3',
      timing,
      programs: [ours, 'bare'],
    });
  }
}
