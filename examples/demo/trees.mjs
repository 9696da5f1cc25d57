import { createCipheriv } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = resolve(import.meta.dirname, '../..');
const MiB = 1024 * 1024;

/** What each of the three clients has to move. */
export function makeTrees(folder) {
  const sources = join(folder, 'sources');
  for (const name of ['packages', 'docs']) copySources(join(repository, name), join(sources, name));
  return [
    { name: 'typescript', label: 'an npm package', tree: npmPackage('typescript') },
    { name: 'sources', label: 'this repository', tree: sources },
    { name: 'mixture', label: 'a bit of everything', tree: makeMixture(join(folder, 'mixture')) },
  ];
}

function npmPackage(name) {
  return dirname(fileURLToPath(import.meta.resolve(`${name}/package.json`)));
}

/** Without what is built or installed. */
function copySources(from, to) {
  const left = new Set(['node_modules', 'dist', 'coverage', '.turbo']);
  cpSync(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => !left.has(basename(path)),
  });
}

/** Many small files, a few large ones, and names and kinds that other programs stumble over. */
function makeMixture(folder) {
  const file = (path, content) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  for (let i = 0; i < 1500; i += 1) file(`small/${i % 30}/${i}.txt`, noise((i * 37) % 4096, i));
  for (let i = 0; i < 3; i += 1) file(`large/${i}.bin`, noise(12 * MiB + i, i));
  file('empty file', '');
  mkdirSync(join(folder, 'empty folder'));
  file('.dotfile', 'hidden\n');
  file('names/emoji 🦊 and "quotes".txt', 'found\n');
  file('names/-dash', 'not an option\n');
  file('run.sh', '#!/bin/sh\necho executable\n');
  chmodSync(join(folder, 'run.sh'), 0o755);
  if (process.platform !== 'win32') {
    file('names/two\nlines: and \\', 'found\n');
    symlinkSync('run.sh', join(folder, 'a symlink, which is skipped and counted'));
  }
  return folder;
}

/** Bytes that look random and are the same in every run. */
function noise(size, seed) {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}
