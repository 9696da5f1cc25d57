import { visibleText } from '@filex/protocol';
import { parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { grouped, isoTime, size } from '../ui/amounts.js';
import { entryEvent } from '../ui/entries.js';

const kinds = {
  file: 'file',
  directory: 'folder',
  symlink: 'symlink',
  other: 'neither file nor folder',
} as const;

/** `stat URL…` */
export async function stat(context: Context, urls: readonly string[]): Promise<number> {
  const targets = parseTargets(urls);
  const session = await context.open((targets[0] as Target).url, 'names');
  for (const [index, { path }] of targets.entries()) {
    const entry = await session.stat(path, { signal: context.signal });
    if (context.settings.json) {
      await context.event(entryEvent({ ...entry, path }));
      continue;
    }
    const rows: [string, string][] = [
      ['path', path === '' ? '/' : visibleText(path)],
      ['kind', kinds[entry.kind]],
      ['modified', isoTime(entry.mtime)],
    ];
    if (entry.kind === 'file') {
      rows.splice(2, 0, ['size', `${grouped(entry.size)} bytes (${size(entry.size)})`]);
      rows.push(['executable', entry.executable ? 'yes' : 'no']);
    }
    if (entry.etag !== undefined) rows.push(['version', visibleText(entry.etag)]);
    if (index > 0) await context.line('');
    for (const [label, text] of rows) await context.line(`${label.padEnd(11)} ${text}`);
  }
  if (context.settings.json) await context.event({ event: 'summary', exit: 0, entries: targets.length });
  return 0;
}
