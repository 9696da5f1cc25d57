import type { Code } from '../../codes.js';
import { FilexError } from '../../errors.js';
import type { LimitName } from '../types.js';

const reached = new WeakMap<Error, LimitName>();

/** What somebody is told who has reached a limit: `code`, in words that end with the name of the limit. */
export function limitError(limit: LimitName, code: Code, words: string): FilexError {
  const error = new FilexError(code, `${words} (${limit})`);
  reached.set(error, limit);
  return error;
}

/** The limit that an error is about, when it was made by {@link limitError}. */
export function limitOf(error: Error | undefined): LimitName | undefined {
  return error && reached.get(error);
}
