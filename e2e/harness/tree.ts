import { createCipheriv } from 'node:crypto';
import { chmodSync, lutimesSync, mkdirSync, type PathLike, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file: its content, or more about it. */
type FileSpec =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly executable?: boolean; readonly mtime?: Date };

/** Paths below a root; one that ends in `/` is a folder. */
export type TreeSpec = Readonly<Record<string, FileSpec>>;

/** A time that no clock shows now, with microseconds. */
export const longAgo = new Date('2001-02-03T04:05:06.789Z');

/** Makes a tree; every file and folder gets an old time, so that a kept time can be told from a new one. */
export function makeTree(root: string, spec: TreeSpec): string {
  mkdirSync(root, { recursive: true });
  const folders = new Set<string>([root]);
  for (const [path, file] of Object.entries(spec)) {
    const target = join(root, path);
    const folder = path.endsWith('/') ? target : dirname(target);
    mkdirSync(folder, { recursive: true });
    for (let at = folder; at.startsWith(root); at = dirname(at)) folders.add(at);
    if (!path.endsWith('/')) makeFile(target, file);
  }
  // Deepest first: making something in a folder changes its time.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) setTime(folder, longAgo);
  return root;
}

function makeFile(target: string, file: FileSpec): void {
  const {
    content,
    executable = false,
    mtime = longAgo,
  } = typeof file === 'string' || file instanceof Uint8Array ? { content: file } : file;
  writeFileSync(target, content);
  chmodSync(target, executable ? 0o755 : 0o644);
  setTime(target, mtime);
}

function setTime(path: PathLike, time: Date): void {
  lutimesSync(path, time, time);
}

/** The same bytes for the same seed, and others for another. */
export function pseudoRandomBytes(size: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** A tree with a bit of everything: empty files and folders, dotfiles, an executable, depth, sizes around a block. */
export function mixedTree(seed: number, files = 40): TreeSpec {
  const tree: Record<string, FileSpec> = {
    'empty file': '',
    'empty folder/': '',
    '.dotfile': 'hidden\n',
    '.config/nested/.keep': '',
    'bin/run.sh': { content: '#!/bin/sh\necho hi\n', executable: true },
    'one block': pseudoRandomBytes(1024 * 1024, seed),
    'more than a block': pseudoRandomBytes(1024 * 1024 + 1, seed + 1),
    'several blocks.bin': pseudoRandomBytes(5 * 1024 * 1024 + 12_345, seed + 2),
  };
  for (let i = 0; i < files; i += 1) {
    tree[`d${i % 5}/e${i % 3}/file-${i}.txt`] = pseudoRandomBytes((i * 977) % 40_000, seed + i);
  }
  return tree;
}
