import { type FilexError, visibleText } from '@filex/protocol';
import { hintFor } from '../errors.js';
import type { Failed, Settled } from '../transfer/outcome.js';
import { size } from './amounts.js';

/** How things ended, as lines for people. Everything that others chose is made visible. */

/** What and why, for a file; most messages already say what. */
export function describeFailure(failed: Failed): string {
  return describeError(failed.error, failed.from, failed.to);
}

/** @param names by any of which a message may already call the file. */
export function describeError(error: FilexError, ...names: readonly (string | undefined)[]): string {
  const said = names.some(
    (name) => name !== undefined && name !== '' && error.message.includes(quoted(name)),
  );
  const [first] = names;
  // The root of a server has no name to begin with.
  return visibleText(said || (first ?? '') === '' ? error.message : `${first}: ${error.message}`);
}

export function describeSettled(settled: Settled): string {
  switch (settled.status) {
    case 'done':
      return `${outcomeWords[settled.outcome] ?? settled.outcome}  ${visibleText(settled.to)}  ${size(settled.size)}`;
    case 'skipped':
      return `skipped  ${visibleText(settled.from)}  ${visibleText(settled.detail)}`;
    case 'failed':
      return `failed  ${describeFailure(settled)}`;
  }
}

const outcomeWords: Readonly<Record<string, string>> = {
  created: 'done',
  read: 'done',
  identical: 'already there',
};

/** Failures under what to do about them, each hint once: the lines of the list at the end. */
export function failureLines(failures: readonly Failed[], limit: number, total: number): string[] {
  const groups = new Map<string, string[]>();
  for (const failed of failures.slice(0, limit)) {
    const hint = hintFor(failed.error);
    const lines = groups.get(hint) ?? [];
    lines.push(`  ${describeFailure(failed)}`);
    groups.set(hint, lines);
  }
  const lines: string[] = [];
  for (const [hint, group] of groups) lines.push(...group, `    → ${visibleText(hint)}`);
  const shown = Math.min(failures.length, limit);
  if (total > shown)
    lines.push(`  … and ${total - shown} more${limit < failures.length ? ' (-v shows them)' : ''}`);
  return lines;
}

/** As the library writes names in messages. */
function quoted(name: string): string {
  return JSON.stringify(name);
}
