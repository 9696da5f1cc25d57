import { visibleText } from '@filex/protocol';
import { parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { count } from '../ui/amounts.js';

export interface MkdirFlags {
  readonly parents?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** `mkdir [-p] URL…` */
export async function mkdir(context: Context, urls: readonly string[], flags: MkdirFlags): Promise<number> {
  const targets = parseTargets(urls);
  const session = await context.open((targets[0] as Target).url, 'names');
  const parents = flags.parents === true;
  for (const { path } of targets) {
    if (flags.dryRun === true) {
      await context.plan('make the folder', { to: path }, `${visibleText(path)}/`);
      continue;
    }
    const { outcome } = await session.makeDirectory(path, { parents, signal: context.signal });
    if (context.settings.json) await context.event({ event: 'folder', outcome, path });
    else if (context.settings.verbose) context.note(`made ${visibleText(path)}/`);
  }
  if (context.settings.json) await context.event({ event: 'summary', exit: 0, folders: targets.length });
  else if (!flags.dryRun && targets.length > 1) context.note(`Made ${count(targets.length, 'folder')}.`);
  return 0;
}
