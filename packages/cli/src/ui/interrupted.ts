import { statSync } from 'node:fs';
import { BLOCK_SIZE, formatUrl, parseUrl, visibleText } from '@filex/protocol';
import { errnoOf, readLeaves } from '@filex/protocol/node';
import type { Context } from '../context.js';
import type { TransferRecord } from '../state/transfers/transfer-record.js';
import type { RememberedTransfer } from '../state/transfers/transfer-states.js';
import { count, isoTime, localTime, size } from './amounts.js';
import { columnsOf, padStart } from './columns.js';

/** Lists interrupted transfers: a table with numbers for people, or an event for each. */
export async function tellInterrupted(
  context: Context,
  folder: string,
  all: readonly RememberedTransfer[],
): Promise<void> {
  if (context.settings.json) {
    for (const one of all) await context.event(await eventOf(one));
    await context.event({ event: 'summary', exit: 0, interrupted: all.length });
    return;
  }
  if (all.length === 0) {
    context.note('Nothing was interrupted.');
    return;
  }
  const rows: string[][] = [];
  for (const { id, record } of all) rows.push(await rowOf(rows.length + 1, id, record));
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  for (const row of rows) {
    const cells = row.map((cell, column) => (column === 5 ? cell : padStart(cell, widths[column] ?? 0)));
    await context.line(cells.join('  '));
  }
  if (!context.canAsk)
    context.note(
      `${count(all.length, 'interrupted transfer')} in ${visibleText(folder)}. \`${context.quote(['resume', '--all'])}\` goes on with all, \`resume ID\` with one, \`resume --forget ID\` gives one up.`,
    );
}

/** Number, ID, when, size, how much is here, what. */
async function rowOf(number: number, id: string, record: TransferRecord): Promise<string[]> {
  const { direction, address, local, remote, when } = record;
  const far = formatUrl({ ...parseUrl(address), path: remote, trailingSlash: false, fingerprint: undefined });
  const [from, to] = direction === 'upload' ? [local, far] : [far, local];
  const here = await safeBytes(record);
  const part = here === undefined ? '' : `${record.size === 0 ? 0 : Math.floor((here * 100) / record.size)}%`;
  const time = localTime(when * 1000);
  return [
    String(number),
    id.slice(0, 8),
    time,
    size(record.size),
    part,
    `${visibleText(from)} -> ${visibleText(to)}`,
  ];
}

/** What is here of a download; of an upload only the server knows. */
async function safeBytes(record: TransferRecord): Promise<number | undefined> {
  if (record.direction === 'upload') return undefined;
  const part = statSync(record.part, { throwIfNoEntry: false })?.size ?? 0;
  const blocks = await provenBlocks(record.digests);
  return blocks === undefined ? undefined : Math.min(record.size, part, blocks * BLOCK_SIZE);
}

/** Whole blocks that a file of digests vouches for; undefined when it cannot be read, which whoever goes on with it is told. */
async function provenBlocks(digests: string): Promise<number | undefined> {
  try {
    return (await readLeaves(digests)).length;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === 'ENOENT' ? 0 : undefined;
  }
}

async function eventOf({ id, record }: RememberedTransfer): Promise<Record<string, unknown>> {
  const { direction, address, local, remote, ifExists, attempts, when, origin } = record;
  return {
    event: 'interrupted',
    id,
    direction,
    address,
    local,
    remote,
    ifExists,
    size: record.size,
    safe: await safeBytes(record),
    attempts,
    when: isoTime(when * 1000),
    command: commandFor(record),
    origin,
  };
}

/** The command that goes on with one file. */
function commandFor({ direction, address, local, remote, ifExists }: TransferRecord): string[] {
  const target = formatUrl({ ...parseUrl(address), path: remote, trailingSlash: false });
  const policy = ifExists === 'fail' ? [] : ['--if-exists', ifExists];
  return direction === 'upload' ? ['put', ...policy, local, target] : ['get', ...policy, target, local];
}
