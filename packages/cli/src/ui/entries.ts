import { type Entry, visibleText } from '@filex/protocol';
import { isoTime, localTime, size } from './amounts.js';
import { padStart } from './columns.js';

/** Entries of a listing as lines and as events. */

const marks = { file: '', directory: '/', symlink: '@', other: '?' } as const;
const letters = { file: '-', directory: 'd', symlink: 'l', other: '?' } as const;

/** The name, with a mark for what is not a file. */
export function nameOf(entry: Entry): string {
  return visibleText(entry.path) + marks[entry.kind];
}

export function longLine(entry: Entry): string {
  const kind = letters[entry.kind] + (entry.executable && entry.kind === 'file' ? 'x' : ' ');
  const bytes = entry.kind === 'file' ? size(entry.size) : '';
  return `${kind} ${padStart(bytes, 9)}  ${localTime(entry.mtime)}  ${nameOf(entry)}`;
}

export function entryEvent(entry: Entry): Record<string, unknown> {
  const { path, kind, size: bytes, mtime, executable, etag } = entry;
  return { event: 'entry', path, kind, size: bytes, mtime: isoTime(mtime), executable, etag };
}
