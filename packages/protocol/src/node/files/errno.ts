import { type Code, codes } from '../../codes.js';
import { type Effect, FilexError } from '../../errors.js';

/** What an error of the operating system means to a user of FileX, and why it happened, in words. */
interface Meaning {
  readonly code: Code;
  readonly why: string;
  /** When it differs from what the table of codes says. */
  readonly retry?: boolean;
}

const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'NOT_FOUND', why: 'it does not exist' },
  EEXIST: { code: 'ALREADY_EXISTS', why: 'it exists already' },
  ENOTDIR: { code: 'NOT_A_DIRECTORY', why: 'a part of the path is not a folder' },
  EISDIR: { code: 'IS_A_DIRECTORY', why: 'it is a folder' },
  ENOTEMPTY: { code: 'NOT_EMPTY', why: 'the folder is not empty' },
  ELOOP: { code: 'NOT_A_FILE', why: 'it is a symlink' },
  ENXIO: { code: 'NOT_A_FILE', why: 'it is a socket, a pipe or a device' },
  ENODEV: { code: 'NOT_A_FILE', why: 'it is a device' },
  ENAMETOOLONG: { code: 'PATH_INVALID', why: 'the name is too long for this file system' },
  EILSEQ: { code: 'PATH_INVALID', why: 'the name has characters that this file system cannot hold' },
  EACCES: { code: 'PERMISSION_DENIED', why: 'permission denied' },
  EPERM: { code: 'PERMISSION_DENIED', why: 'the operating system does not allow it' },
  EROFS: { code: 'PERMISSION_DENIED', why: 'the file system is read-only' },
  ENOSPC: { code: 'NO_SPACE', why: 'no space is left on the device' },
  EDQUOT: { code: 'NO_SPACE', why: 'the disk quota is used up' },
  EFBIG: { code: 'TOO_LARGE', why: 'the file is larger than the file system or a limit allows' },
  EMFILE: { code: 'BUSY', why: 'this program has too many files open' },
  ENFILE: { code: 'BUSY', why: 'this machine has too many files open' },
  ENOMEM: { code: 'BUSY', why: 'this machine is out of memory' },
  EBUSY: { code: 'BUSY', why: 'it is in use' },
  ETXTBSY: { code: 'BUSY', why: 'it is a program that runs' },
  EMLINK: { code: 'IO_ERROR', why: 'the file has too many names', retry: false },
  EXDEV: { code: 'IO_ERROR', why: 'it is on another file system', retry: false },
  EIO: { code: 'IO_ERROR', why: 'the device failed' },
};

/** What was tried when the operating system refused. */
export interface Attempt {
  /** What, as in `cannot <action>`: `write`, `publish`. */
  readonly action: string;
  /** Where, by the name the user knows; never a path of our own making. */
  readonly path: string;
  /** Codes that mean something else here: a missing folder, say, where a file should go. */
  readonly codes?: Readonly<Record<string, Code>> | undefined;
  /** Whether anything was changed. Default: `none`. */
  readonly effect?: Effect | undefined;
}

/** The name of an operating system error, such as `ENOENT`; undefined for any other value. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns what a file call rejected with into a `FilexError` that says what, where and why. One already is kept. */
export function fileError(error: unknown, attempt: Attempt): FilexError {
  if (error instanceof FilexError) return error;
  const errno = errnoOf(error);
  // Not the operating system: a defect of ours, to be told as one.
  if (errno === undefined) return FilexError.from(error);
  const meaning = meanings[errno] ?? { code: 'IO_ERROR', why: 'the file system refused' };
  const code = attempt.codes?.[errno] ?? meaning.code;
  const why = code === meaning.code ? meaning.why : codes[code].meaning;
  const where = attempt.path === '' ? 'the root folder' : JSON.stringify(attempt.path);
  return new FilexError(code, `cannot ${attempt.action} ${where}: ${why} (${errno})`, {
    path: attempt.path,
    effect: attempt.effect,
    retry: meaning.retry,
    cause: error,
  });
}
