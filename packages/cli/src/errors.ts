import { type Code, FilexError } from '@filex/protocol';

/** What a script reads from a command: README.md, "Exit codes". */
export const exits = {
  ok: 0,
  other: 1,
  usage: 2,
  directoryMissing: 3,
  fileMissing: 4,
  retriesExhausted: 5,
  someFailed: 6,
  auth: 7,
  limit: 8,
  deadline: 10,
  conflict: 11,
  integrity: 12,
  identity: 13,
  interrupted: 130,
} as const;

/** The command line asks for something that cannot be; nothing was tried. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure of which more is known than its code, so that better advice can be given. */
export class AdvisedError extends FilexError {
  /** What to do next. */
  readonly hint: string;
  /** When it is not the one that the code has. */
  readonly exit: number | undefined;

  constructor(code: Code, message: string, hint: string, cause?: unknown, exit?: number) {
    super(code, message, { cause });
    this.hint = hint;
    this.exit = exit;
  }
}

interface Advice {
  readonly exit: number;
  /** What to do next. */
  readonly hint: string;
  /** Nothing else can succeed in this session either. */
  readonly fatal?: true;
}

const bothEnds = 'The two ends do not understand each other. Use the same version on both, or report this.';
const disk = 'Run the same command again; if it stays, look at the disk and the log of the server.';

/** One row for every way to fail. */
const table: Readonly<Record<Code, Advice>> = {
  OK: { exit: exits.retriesExhausted, hint: 'Run the same command again.', fatal: true },

  BAD_PREFACE: { exit: exits.other, hint: 'Check host and port of the address.', fatal: true },
  FRAME_TOO_LARGE: { exit: exits.other, hint: bothEnds, fatal: true },
  FRAME_UNKNOWN: { exit: exits.other, hint: bothEnds, fatal: true },
  FRAME_MALFORMED: { exit: exits.other, hint: bothEnds, fatal: true },
  MESSAGE_MALFORMED: { exit: exits.other, hint: bothEnds, fatal: true },
  STATE_VIOLATION: { exit: exits.other, hint: bothEnds, fatal: true },
  CREDIT_EXCEEDED: { exit: exits.other, hint: bothEnds, fatal: true },
  STREAM_LIMIT: { exit: exits.other, hint: bothEnds, fatal: true },
  VERSION_UNSUPPORTED: { exit: exits.other, hint: 'Update the older of the two ends.', fatal: true },
  AUTH_FAILED: {
    exit: exits.auth,
    hint: 'Check the user name in the address and the passcode.',
    fatal: true,
  },
  TIMEOUT: {
    exit: exits.deadline,
    hint: 'Run the same command again: files that have arrived are recognised. A larger --connect-timeout gives a slow server time.',
    fatal: true,
  },
  RATE_LIMITED: {
    exit: exits.limit,
    hint: 'Wait a moment, or as long as the server says, then try with a lower --transfers.',
    fatal: true,
  },
  SHUTTING_DOWN: {
    exit: exits.retriesExhausted,
    hint: 'Run the same command again when the server is back.',
    fatal: true,
  },
  TOO_MANY_CONNECTIONS: { exit: exits.limit, hint: 'Try again later.', fatal: true },
  PLAINTEXT_REFUSED: {
    exit: exits.auth,
    hint: 'Use filex:// instead of filex+tcp://: this server does not talk to this machine without encryption.',
    fatal: true,
  },

  CANCELLED: { exit: exits.other, hint: 'Run the same command again.' },
  UNSUPPORTED: {
    exit: exits.other,
    hint: 'One of the two ends cannot do that: check the address and the versions.',
  },
  PATH_INVALID: { exit: exits.usage, hint: 'Choose another name.' },
  NOT_FOUND: { exit: exits.fileMissing, hint: 'Check the name; `ls` shows what is there.' },
  PARENT_NOT_FOUND: {
    exit: exits.directoryMissing,
    hint: 'Make the folder first, for example with `mkdir -p`.',
  },
  ALREADY_EXISTS: {
    exit: exits.conflict,
    hint: 'Choose what to do with --if-exists skip, rename, overwrite or newer.',
  },
  NOT_A_DIRECTORY: {
    exit: exits.directoryMissing,
    hint: 'A file is where a folder is needed: choose another path.',
  },
  IS_A_DIRECTORY: { exit: exits.conflict, hint: 'A folder is where a file is needed: choose another name.' },
  NOT_A_FILE: { exit: exits.fileMissing, hint: 'Only files and folders can be transferred.' },
  NOT_EMPTY: { exit: exits.conflict, hint: 'Pass -r to remove a folder with all that is in it.' },
  PERMISSION_DENIED: { exit: exits.auth, hint: 'Ask whoever runs the server for access.' },
  NO_SPACE: { exit: exits.limit, hint: 'Make room, then run the same command again.' },
  TOO_LARGE: { exit: exits.limit, hint: 'Ask whoever runs the server to raise the limit.' },
  DIGEST_MISMATCH: {
    exit: exits.integrity,
    hint: 'Run the same command again; if it stays, check disk and memory.',
  },
  LENGTH_MISMATCH: {
    exit: exits.integrity,
    hint: 'Run the same command again when nobody writes to the file.',
  },
  SOURCE_CHANGED: {
    exit: exits.integrity,
    hint: 'Run the same command again when nobody writes to the file.',
  },
  PRECONDITION_FAILED: { exit: exits.conflict, hint: 'Look at the file again: somebody changed it.' },
  BUSY: {
    exit: exits.retriesExhausted,
    hint: 'Run the same command again, perhaps with a lower --transfers.',
  },
  IO_ERROR: { exit: exits.other, hint: disk },
  INTERNAL: { exit: exits.other, hint: 'This is a defect: please report it.' },
  IDENTITY_CHANGED: {
    exit: exits.identity,
    hint: 'Ask whoever runs the server whether it has a new key, and only then take the address with that fingerprint.',
    fatal: true,
  },
  IDENTITY_UNKNOWN: {
    exit: exits.identity,
    hint: 'Compare the fingerprint with the one that the server has printed, and put it into the address.',
    fatal: true,
  },
  SUPERSEDED: {
    exit: exits.conflict,
    hint: 'Another run of the same command goes on with it: leave that alone.',
  },
  OPERATION_MISMATCH: { exit: exits.conflict, hint: 'Run the same command again, from the beginning.' },

  CONNECT_FAILED: {
    exit: exits.retriesExhausted,
    hint: 'Check that the server runs, and host and port of the address.',
    fatal: true,
  },
  CONNECTION_LOST: {
    exit: exits.retriesExhausted,
    hint: 'Run the same command again: files that have arrived are recognised.',
    fatal: true,
  },
  WRONG_PROTOCOL: { exit: exits.other, hint: 'Check host and port of the address.', fatal: true },
  URL_INVALID: { exit: exits.usage, hint: 'An address looks like filex://host:12345/folder/file.' },
  UNKNOWN_CODE: { exit: exits.other, hint: 'Update this program: the server is newer.' },
};

/** What differs when it is this machine's file system that said no. */
const local: Partial<Record<Code, string>> = {
  NOT_FOUND: 'Check the name; it may have been moved or removed meanwhile.',
  PARENT_NOT_FOUND: 'Make the folder first, for example with `mkdir -p`.',
  PERMISSION_DENIED: 'Check the permissions of the file and of its folder on this machine.',
  NO_SPACE: 'Make room on this machine, then run the same command again.',
  TOO_LARGE: 'Use a file system that can hold files this large.',
  IO_ERROR: 'Run the same command again; if it stays, look at the disk of this machine.',
  BUSY: 'Run the same command again with a lower --transfers.',
};

export function exitCode(code: Code): number {
  return table[code].exit;
}

/** Whether the session is over, so that trying the next file is pointless. */
export function isFatal(error: FilexError): boolean {
  return table[error.code].fatal === true;
}

/** What may be over when it is tried again a little later, by another connection. */
const transient: ReadonlySet<Code> = new Set<Code>([
  'CONNECT_FAILED',
  'CONNECTION_LOST',
  'TIMEOUT',
  'SHUTTING_DOWN',
  'TOO_MANY_CONNECTIONS',
  'RATE_LIMITED',
]);

/** Whether it was the connection that failed, and another one may do better. */
export function isTransient(code: Code): boolean {
  return transient.has(code);
}

export function hintFor(error: FilexError): string {
  if (error instanceof AdvisedError) return error.hint;
  return (isLocal(error) ? local[error.code] : undefined) ?? table[error.code].hint;
}

/** Whether a system call on this machine failed, as opposed to the server saying no. */
export function isLocal(error: FilexError): boolean {
  // It may have gone through a transfer, which then wrapped it.
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (typeof (cause as NodeJS.ErrnoException).syscall === 'string') return true;
  }
  return false;
}
