import { type ConflictPolicy, FilexError, type Operation } from '@filex/protocol';
import type { Access, AccessRequest, Grant } from './access.js';

/**
 * What people may do without saying who they are: nothing; list and download; upload what is new, and see nothing (a letter
 * box); everything.
 */
export const anonymousLevels = ['none', 'read', 'drop', 'write'] as const;
/** One of {@link anonymousLevels}. */
export type AnonymousLevel = (typeof anonymousLevels)[number];

interface Permissions {
  readonly operations: ReadonlySet<Operation>;
  /** Of uploads. */
  readonly ifExists: ReadonlySet<ConflictPolicy>;
  readonly createOnly: boolean;
  /** What may be done, in words. */
  readonly meaning: string;
}

const reading: readonly Operation[] = ['download', 'list', 'stat'];
const creating: readonly Operation[] = ['upload', 'makeDirectory'];

const permissions: Readonly<Record<AnonymousLevel, Permissions>> = {
  none: {
    operations: new Set(),
    ifExists: new Set(),
    createOnly: true,
    meaning: 'do nothing',
  },
  read: {
    operations: new Set(reading),
    ifExists: new Set(),
    createOnly: true,
    meaning: 'list and download, and change nothing',
  },
  // A letter box: what is in it can be neither seen nor taken out nor replaced.
  drop: {
    operations: new Set(creating),
    ifExists: new Set(['fail', 'rename']),
    createOnly: true,
    meaning: 'upload what is new, and neither list, download nor replace anything',
  },
  write: {
    operations: new Set([...reading, ...creating, 'rename', 'remove']),
    ifExists: new Set(['fail', 'skip', 'rename', 'overwrite', 'newer']),
    createOnly: false,
    meaning: 'upload, download, rename, replace and remove everything',
  },
};

/** What somebody anonymous may do, to end a sentence with. */
export function meaningOf(level: AnonymousLevel): string {
  return permissions[level].meaning;
}

/** The same permissions for everybody, as long as there are no accounts. */
export function anonymousAccess(level: AnonymousLevel): Access {
  const { operations, ifExists, createOnly } = permissions[level];
  return {
    check(_principal: string, request: AccessRequest): Grant {
      if (!operations.has(request.operation))
        throw denied(level, request, `may not ${phrases[request.operation]}`);
      if (request.operation === 'upload' && request.ifExists !== undefined && !ifExists.has(request.ifExists))
        throw denied(level, request, `may not upload with the conflict policy "${request.ifExists}"`);
      return { createOnly };
    },
  };
}

const phrases: Readonly<Record<Operation, string>> = {
  upload: 'upload',
  download: 'download',
  list: 'list folders',
  stat: 'look at files',
  makeDirectory: 'make folders',
  rename: 'rename anything',
  remove: 'remove anything',
};

function denied(level: AnonymousLevel, { path }: AccessRequest, what: string): FilexError {
  return new FilexError(
    'PERMISSION_DENIED',
    `anonymous users of this server ${what} (--anonymous ${level})`,
    { path },
  );
}
