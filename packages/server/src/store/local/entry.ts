import { hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { Entry } from '@filex/protocol';
import { isExecutable, kindOf, modificationTime } from '@filex/protocol/node';

export function entryOf(path: string, stats: BigIntStats): Entry {
  const kind = kindOf(stats);
  return {
    path,
    kind,
    size: kind === 'file' ? Number(stats.size) : 0,
    mtime: modificationTime(stats),
    executable: isExecutable(stats),
    etag: kind === 'file' ? etagOf(stats) : undefined,
  };
}

/**
 * A short text that changes whenever the content may have changed: another file under the name, another size, written to
 * (modification time), or written to with that time set back (change time).
 */
export function etagOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return hash('sha256', `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, 'base64url').slice(0, 22);
}
