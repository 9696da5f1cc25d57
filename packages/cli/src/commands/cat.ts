import { FilexError } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { UsageError } from '../errors.js';

/** `cat URL…` */
export async function cat(context: Context, urls: readonly string[]): Promise<number> {
  const targets = parseTargets(urls);
  const session = await context.open((targets[0] as Target).url, 'content');
  return catTargets(context, session, targets);
}

/**
 * Writes files to standard output, one after the other. What was written before a fault showed cannot be taken back;
 * the exit code tells.
 */
export async function catTargets(
  context: Context,
  session: Session,
  targets: readonly Target[],
): Promise<number> {
  for (const { path } of targets) {
    try {
      await session.download(
        path,
        { write: (bytes: Uint8Array) => context.stdout.writeBytes(bytes) },
        { signal: context.signal },
      );
    } catch (error) {
      if (FilexError.from(error).code !== 'IS_A_DIRECTORY') throw error;
      throw new UsageError(
        `${JSON.stringify(path === '' ? '/' : path)} is a folder; only a file can be written to standard output.`,
      );
    }
  }
  return 0;
}
