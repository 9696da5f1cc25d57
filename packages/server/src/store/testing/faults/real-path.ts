import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { real } from './real-calls.js';

const DESCRIPTOR = /^\/proc\/(?:self|thread-self|\d+)\/fd\/(\d+)(?:\/|$)/;

/** Where a path leads that begins with a descriptor, as those of a store by descriptors do; any other one made absolute. */
export function realPathOf(path: unknown): string {
  if (typeof path === 'number') return pathOfDescriptor(path) ?? '';
  const text = path instanceof URL ? fileURLToPath(path) : String(path);
  const match = DESCRIPTOR.exec(text);
  if (match === null) return resolve(text);
  const held = pathOfDescriptor(Number(match[1]));
  return held === undefined ? resolve(text) : resolve(held, text.slice(match[0].length));
}

/** What the kernel says; undefined for a descriptor that is not open. A file that has no name any more has its last one. */
export function pathOfDescriptor(descriptor: number): string | undefined {
  try {
    return real.readlinkSync(`/proc/self/fd/${descriptor}`).replace(/ \(deleted\)$/, '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a path is a folder or in it, at whatever depth. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
