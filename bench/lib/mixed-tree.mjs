/** Where the sequence of a tree begins, so that it is the same everywhere and every time. */
const SEED = 0x5eed;
/** Half of the files are smaller than this, in bytes; few are very much larger, as with what npm installs. */
const MEDIAN_SIZE = 2000;
const SPREAD = 1.9;
const LARGEST = 8 * 2 ** 20;
/** Files of one package, on average; most have folders of their own in it, some of them nested. */
const FILES_A_PACKAGE = 40;
const FOLDERS = [
  '',
  '',
  'lib',
  'dist',
  'dist/esm',
  'dist/cjs',
  'src',
  'lib/internal/streams',
  'test/fixtures',
];
const ENDINGS = ['js', 'js', 'mjs', 'd.ts', 'js.map', 'json', 'md'];

/** Numbers from 0 to 1, always the same ones: mulberry32. */
function sequence(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The files of a tree like node_modules: packages, some of them scoped, with files of very different sizes.
 * @param {number} files how many
 * @returns {Generator<{ path: string, size: number }>} all of one folder are not next to each other
 */
export function* mixedTree(files, seed = SEED) {
  const next = sequence(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const packages = Math.max(1, Math.round(files / FILES_A_PACKAGE));
  for (let i = 0; i < files; i += 1) {
    const number = Math.floor((i * packages) / files);
    const scope = number % 5 === 0 ? `@scope-${number % 7}/` : '';
    const folder = pick(FOLDERS);
    const path = `${scope}package-${number}/${folder}${folder === '' ? '' : '/'}file-${i}.${pick(ENDINGS)}`;
    // A normal distribution by Box and Muller, of the logarithm of the size.
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    yield { path, size: Math.min(LARGEST, Math.round(MEDIAN_SIZE * Math.exp(SPREAD * normal))) };
  }
}
