import { statfs } from 'node:fs/promises';
import { FilexError } from '@filex/protocol';
import { bounds } from '../../bounds.js';

/**
 * Refuses at once what cannot fit, before it is transferred in vain. Others may take the space meanwhile, so this does
 * not promise that there is enough.
 */
export async function checkFreeSpace(path: string, size: number | undefined, label: string): Promise<void> {
  if (size === undefined || size < bounds.spaceCheckFrom) return;
  const { bavail, bsize, blocks } = await statfs(path, { bigint: true });
  if (blocks === 0n) return; // a file system that does not tell
  const free = bavail * bsize;
  if (BigInt(size) > free)
    throw new FilexError(
      'NO_SPACE',
      `cannot store ${JSON.stringify(label)}: ${size} bytes, and ${free} are free`,
      {
        path: label,
      },
    );
}
