import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What differs between a tree and its copy: names, kinds, content, executable bits, times. Symlinks are not transferred.
 * It knows nothing of FileX.
 */
export function compareTrees(original, copy) {
  const differences = [];
  const copied = new Set(readdirSync(copy));
  for (const name of readdirSync(original)) {
    const [from, to] = [join(original, name), join(copy, name)];
    const stats = lstatSync(from, { bigint: true });
    if (stats.isSymbolicLink()) continue;
    if (!copied.delete(name)) differences.push(`${to} is missing`);
    else if (stats.isDirectory()) differences.push(...compareTrees(from, to));
    else differences.push(...compareFiles(from, to, stats));
  }
  for (const name of copied) differences.push(`${join(copy, name)} should not be there`);
  return differences;
}

function compareFiles(from, to, stats) {
  const other = lstatSync(to, { bigint: true });
  if (!other.isFile()) return [`${to} is not a file`];
  const differences = [];
  if (!readFileSync(from).equals(readFileSync(to))) differences.push(`${to} has other content`);
  if (((stats.mode ^ other.mode) & 0o100n) !== 0n) differences.push(`${to} has another executable bit`);
  if (microseconds(stats) !== microseconds(other)) differences.push(`${to} has another time`);
  return differences;
}

/** FileX keeps times to the nearest microsecond. */
function microseconds({ mtimeNs }) {
  return (mtimeNs + 500n) / 1000n;
}
