import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, relative } from 'node:path';

const MiB = 2 ** 20;
const CHUNK = 16 * MiB;
const SMALL_FILE = 4096;
const FILES_A_FOLDER = 100;
/** Left free beside the two copies of the data. */
const MARGIN = 512 * MiB;

/**
 * @typedef {object} Workload
 * @property {string} name of the file or folder
 * @property {string} path
 * @property {number} amount
 * @property {'MB/s' | 'files/s'} unit of `amount` by second
 */

/** The data that is moved about, made when first asked for. */
export class Workloads {
  #folder;
  #options;
  #made = new Map();

  constructor(folder, options) {
    this.#folder = join(folder, 'source');
    this.#options = options;
    mkdirSync(this.#folder);
  }

  /** @returns {Workload} */
  get(kind) {
    const made = this.#made.get(kind) ?? (kind === 'large' ? this.#large() : this.#small());
    this.#made.set(kind, made);
    return made;
  }

  #large() {
    const { size } = this.#options;
    const path = join(this.#folder, 'large.bin');
    this.#needs(2 * size);
    const chunk = randomFillSync(Buffer.allocUnsafeSlow(CHUNK));
    const fd = openSync(path, 'w');
    for (let at = 0; at < size; at += CHUNK) {
      chunk.writeDoubleBE(at, 0); // no two chunks alike, so that a piece in the wrong place is noticed
      writeSync(fd, chunk, 0, Math.min(CHUNK, size - at));
    }
    closeSync(fd);
    return { name: 'large.bin', path, amount: size / 1e6, unit: 'MB/s' };
  }

  #small() {
    const { files } = this.#options;
    const path = join(this.#folder, 'small');
    this.#needs(3 * files * SMALL_FILE);
    const content = randomFillSync(Buffer.allocUnsafeSlow(SMALL_FILE));
    for (let i = 0; i < files; i += 1) {
      const folder = join(path, `folder-${Math.floor(i / FILES_A_FOLDER)}`);
      if (i % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
      content.writeUInt32BE(i, 0);
      writeFileSync(join(folder, `file-${i}`), content);
    }
    return { name: 'small', path, amount: files, unit: 'files/s' };
  }

  #needs(bytes) {
    const { bavail, bsize } = statfsSync(this.#folder);
    if (bavail * bsize >= bytes + MARGIN) return;
    const missing = Math.ceil((bytes + MARGIN - bavail * bsize) / MiB);
    throw new Error(`${missing} MiB too little room in ${this.#folder}; give --size, --files or --dir`);
  }
}

/** @throws when the two files or folders are not the same, byte by byte. */
export function checkSame(expected, found) {
  const wanted = filesOf(expected);
  const there = filesOf(found);
  if (wanted.join('\n') !== there.join('\n'))
    throw new Error(`${there.length} files came, ${wanted.length} were sent`);
  for (const name of wanted) {
    if (!sameBytes(join(expected, name), join(found, name))) throw new Error(`${name} came wrong`);
  }
}

/** A quick look, for every run. */
export function checkComplete(expected, found) {
  const sizes = (path) => filesOf(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  if (sizes(expected) !== sizes(found)) throw new Error('not everything came');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [''];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
}

function sameBytes(left, right) {
  const fds = [openSync(left), openSync(right)];
  const buffers = fds.map(() => Buffer.allocUnsafeSlow(MiB));
  try {
    for (;;) {
      const [a, b] = fds.map((fd, i) => readSync(fd, buffers[i]));
      if (a !== b || buffers[0].compare(buffers[1], 0, b, 0, a) !== 0) return false;
      if (a === 0) return true;
    }
  } finally {
    fds.forEach(closeSync);
  }
}
