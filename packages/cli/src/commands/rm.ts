import { FilexError, visibleText } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import { parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { exitCode, exits, hintFor, isFatal, UsageError } from '../errors.js';
import { describeError } from '../ui/describe.js';

export interface RmFlags {
  readonly recursive?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `rm [-r] [-f] URL…`: one that fails does not keep the others. */
export async function rm(context: Context, urls: readonly string[], flags: RmFlags): Promise<number> {
  const targets = parseTargets(urls);
  if (targets.some(({ path }) => path === '')) {
    throw new UsageError('The root of a server cannot be removed; name what is in it.');
  }
  const session = await context.open((targets[0] as Target).url, 'names');
  const failures: FilexError[] = [];
  let removed = 0;
  for (const { path } of targets) {
    if (flags.dryRun === true) {
      await context.plan('remove', { path }, visibleText(path));
      continue;
    }
    const failure = await remove(context, session, path, flags);
    if (failure === undefined) removed += 1;
    else failures.push(failure);
  }
  const only = failures[0];
  const exit = only === undefined ? exits.ok : targets.length === 1 ? exitCode(only.code) : exits.someFailed;
  if (context.settings.json)
    await context.event({ event: 'summary', exit, removed, failed: failures.length });
  return exit;
}

async function remove(
  context: Context,
  session: Session,
  path: string,
  flags: RmFlags,
): Promise<FilexError | undefined> {
  try {
    const { outcome } = await session.remove(path, {
      recursive: flags.recursive === true,
      signal: context.signal,
    });
    if (context.settings.json) await context.event({ event: 'removed', outcome, path });
    else if (context.settings.verbose) context.note(`removed ${visibleText(path)}`);
    return undefined;
  } catch (caught) {
    const error = FilexError.from(caught);
    if (context.signal.aborted || isFatal(error)) throw error;
    if (flags.force === true && error.code === 'NOT_FOUND') return undefined;
    const { red, dim } = context.colors;
    const hint = hintFor(error);
    context.complain(`${red('error:')} ${describeError(error, path)}\n${dim(`  → ${hint}`)}`);
    if (context.settings.json) {
      await context.event({ event: 'failed', path, code: error.code, message: error.message, hint });
    }
    return error;
  }
}
