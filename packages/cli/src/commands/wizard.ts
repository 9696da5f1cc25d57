import type { Context } from '../context.js';
import { UsageError } from '../errors.js';

const arguments_ =
  'Pass what to do, for example: put SRC… URL, get URL… DEST, ls URL. --help shows everything, with examples.';

/** Without a verb: asks for everything. */
export async function wizard(context: Context): Promise<number> {
  const { io, settings } = context;
  if (!settings.input) throw new UsageError(`--no-input forbids questions. ${arguments_}`);
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new UsageError(`There is no terminal to ask questions on. ${arguments_}`);
  }
  return 0;
}
