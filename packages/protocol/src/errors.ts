import { type Code, codes } from './codes.js';

/** Whether an operation that failed changed anything: `unknown` when the connection ended before the answer came. */
export type Effect = 'none' | 'applied' | 'unknown';

/** What is known about a failure besides its code. */
export interface FilexErrorOptions {
  /** The path concerned, as the caller gave it. */
  readonly path?: string | undefined;
  /** Default: `none`. */
  readonly effect?: Effect | undefined;
  /** Whether the same request may succeed later; default: what the table of codes says. */
  readonly retry?: boolean | undefined;
  /** What it was caught as. */
  readonly cause?: unknown;
}

/**
 * What a caller of FileX catches: the other end, a file system or the network said no. Decide by {@link code}; the
 * message is for people and its wording is no contract.
 */
export class FilexError extends Error {
  /** For those who look at errors by name. */
  override readonly name = 'FilexError';
  /** What went wrong; `codes[code].meaning` says it in words. */
  readonly code: Code;
  /** The path concerned, as the caller gave it. */
  readonly path: string | undefined;
  /** Whether anything was changed all the same. */
  readonly effect: Effect;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retry: boolean;

  constructor(code: Code, message?: string, options: FilexErrorOptions = {}) {
    super(message ?? codes[code].meaning, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.path = options.path;
    this.effect = options.effect ?? 'none';
    this.retry = options.retry ?? codes[code].retry;
  }

  /** Any thrown value as a `FilexError`; what is not one already becomes `INTERNAL` with the value as its cause. */
  static from(value: unknown, code: Code = 'INTERNAL'): FilexError {
    if (value instanceof FilexError) return value;
    const message = value instanceof Error ? value.message : String(value);
    return new FilexError(code, message, { cause: value });
  }
}

/**
 * Thrown when the code that uses the protocol core breaks its rules (a write beyond the credit, a frame in the wrong
 * state). What a peer does is never thrown; it becomes a `fault` event.
 */
export class LocalProtocolError extends Error {
  /** For those who look at errors by name. */
  override readonly name = 'LocalProtocolError';
}
