import fc from 'fast-check';
import { permissions, type Rule } from '../permissions.js';

/** Few names, so that they meet; some are the same to some file systems. */
const anyName = fc.constantFrom('a', 'A', 'b', 'ß', 'SS', 'a (1)');
export const anyPath = fc.array(anyName, { maxLength: 3 }).map((names) => names.join('/'));

export const anyRules: fc.Arbitrary<Rule[]> = fc.uniqueArray(
  fc.record({ path: anyPath, allow: fc.subarray([...permissions]) }),
  { maxLength: 5, selector: ({ path }) => path },
);

export function joined(folder: string, path: string): string {
  if (folder === '') return path;
  return path === '' ? folder : `${folder}/${path}`;
}
