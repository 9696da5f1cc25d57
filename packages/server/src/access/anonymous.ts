import type { Preset } from './permissions.js';

/**
 * What people may do without saying who they are: nothing; list and download; upload, and see nothing (a letter box);
 * everything. Each is the preset of that name.
 */
export const anonymousLevels = ['none', 'read', 'drop', 'write'] as const satisfies readonly Preset[];
/** One of {@link anonymousLevels}. */
export type AnonymousLevel = (typeof anonymousLevels)[number];

const meanings: Readonly<Record<AnonymousLevel, string>> = {
  none: 'do nothing',
  read: 'list and download, and change nothing',
  drop: 'upload, and neither list, download nor replace anything',
  write: 'upload, download, rename, replace and remove everything',
};

/** What somebody anonymous may do, to end a sentence with. */
export function meaningOf(level: AnonymousLevel): string {
  return meanings[level];
}
