import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { mixedTree } from './mixed-tree.mjs';

const MiB = 2 ** 20;
const CHUNK = 16 * MiB;
const SMALL_FILE = 4096;
const FILES_A_FOLDER = 100;
/** Files of a folder that has little in it. */
const FEW = 10;
/** Left free beside the two copies of the data. */
const MARGIN = 512 * MiB;

/**
 * @typedef {object} Workload
 * @property {string} name of the file or folder
 * @property {string} path
 * @property {number} amount of all of it, which is moved once in every run
 * @property {'MB/s' | 'files/s'} unit of `amount` by second
 * @property {string} described how much that is, for people
 * @property {number} [bytes]
 * @property {readonly string[]} [names] of the files that are moved at once
 * @property {(name: string) => string} [pathOf]
 */

/** The data that is moved about, made when first asked for. */
export class Workloads {
  #folder;
  #options;
  #made = new Map();
  #make = {
    large: () => this.#file('large.bin', this.#options.size),
    sparse: () => this.#sparse(this.#options.size),
    distant: () => this.#file('distant.bin', this.#options.distantSize),
    small: () => this.#small('small', this.#options.files),
    few: () => this.#small('few', FEW),
    mixed: () => this.#mixed(),
    many: () => this.#many(),
  };

  constructor(folder, options) {
    this.#folder = join(folder, 'source');
    this.#options = options;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** @returns {Workload} */
  get(kind) {
    const made = this.#made.get(kind) ?? this.#make[kind]();
    this.#made.set(kind, made);
    return made;
  }

  #file(name, size) {
    const path = join(this.#folder, name);
    this.#needs(2 * size);
    fill(path, size);
    return { name, path, bytes: size, amount: size / 1e6, unit: 'MB/s', described: inMiB(size) };
  }

  /** Zeros that take no room here, and do where they arrive. */
  #sparse(size) {
    const path = join(this.#folder, 'sparse.bin');
    this.#needs(size);
    writeFileSync(path, '');
    truncateSync(path, size);
    const described = `${inMiB(size)} of zeros`;
    return { name: 'sparse.bin', path, bytes: size, amount: size / 1e6, unit: 'MB/s', described };
  }

  #small(name, files) {
    const path = join(this.#folder, name);
    this.#needs(3 * files * SMALL_FILE);
    const content = randomFillSync(Buffer.allocUnsafeSlow(SMALL_FILE));
    for (let i = 0; i < files; i += 1) {
      const folder = join(path, `folder-${Math.floor(i / FILES_A_FOLDER)}`);
      if (i % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
      content.writeUInt32BE(i, 0);
      writeFileSync(join(folder, `file-${i}`), content);
    }
    return { name, path, amount: files, unit: 'files/s', described: `${grouped(files)} × 4 KiB` };
  }

  #mixed() {
    const { mixed: files } = this.#options;
    const path = join(this.#folder, 'mixed');
    const all = [...mixedTree(files)];
    const bytes = all.reduce((sum, { size }) => sum + size, 0);
    this.#needs(3 * bytes + 2 * files * SMALL_FILE);
    const content = randomFillSync(Buffer.allocUnsafeSlow(CHUNK));
    const folders = new Set();
    for (const [i, { path: file, size }] of all.entries()) {
      const folder = dirname(join(path, file));
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
      folders.add(folder);
      content.writeUInt32BE(i, 0);
      writeFileSync(join(path, file), content.subarray(0, size));
    }
    const described = `${grouped(files)} files, ${Math.round(bytes / 1e6)} MB`;
    return { name: 'mixed', path, amount: files, unit: 'files/s', described };
  }

  /** Many names of one file, since what they have in them is read from memory anyway. */
  #many() {
    const { clients, clientSize } = this.#options;
    const names = Array.from({ length: clients }, (_, i) => `client-${String(i).padStart(3, '0')}.bin`);
    const pathOf = (name) => join(this.#folder, name);
    this.#needs((clients + 1) * clientSize);
    fill(pathOf(names[0]), clientSize);
    for (const name of names.slice(1)) linkSync(pathOf(names[0]), pathOf(name));
    const described = `${clients} × ${inMiB(clientSize)}`;
    return { name: names[0], names, pathOf, amount: (clients * clientSize) / 1e6, unit: 'MB/s', described };
  }

  #needs(bytes) {
    const { bavail, bsize } = statfsSync(this.#folder);
    if (bavail * bsize >= bytes + MARGIN) return;
    const missing = Math.ceil((bytes + MARGIN - bavail * bsize) / MiB);
    throw new Error(`${missing} MiB too little room in ${this.#folder}; give smaller amounts, or --dir`);
  }
}

function fill(path, size) {
  const chunk = randomFillSync(Buffer.allocUnsafeSlow(CHUNK));
  const fd = openSync(path, 'w');
  for (let at = 0; at < size; at += CHUNK) {
    chunk.writeDoubleBE(at, 0); // no two chunks alike, so that a piece in the wrong place is noticed
    writeSync(fd, chunk, 0, Math.min(CHUNK, size - at));
  }
  closeSync(fd);
}

const grouped = (number) => number.toLocaleString('en');
const inMiB = (bytes) => `${grouped(Math.round(bytes / MiB))} MiB`;

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
