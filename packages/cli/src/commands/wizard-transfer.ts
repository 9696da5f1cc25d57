import type { ConflictPolicy } from '@filex/protocol';
import { bounds } from '../bounds.js';
import { count } from '../ui/amounts.js';
import type { Prompter } from '../ui/wizard/prompter.js';
import type { TransferEnd, TransferFlags } from './transfer.js';

/** The choices of the command line that the wizard makes itself. */
export function wizardFlags(ifExists: ConflictPolicy): TransferFlags {
  return { recursive: true, ifExists, transfers: bounds.transfers };
}

/**
 * Transfers without touching what is there; when something was in the way, asks what to do and does that. What was
 * transferred the first time is identical the second time, so nothing is done twice.
 */
export async function settleConflicts(
  ask: Prompter,
  transfer: (policy: ConflictPolicy) => Promise<TransferEnd>,
): Promise<{ readonly code: number; readonly policy: ConflictPolicy }> {
  const first = await transfer('fail');
  const conflicts = first.tally.failures.filter(({ error }) => error.code === 'ALREADY_EXISTS').length;
  if (conflicts === 0 || first.stopped) return { code: first.exit, policy: 'fail' };
  const policy = await ask.choose<ConflictPolicy>(
    `${count(conflicts, 'name')} taken by something else. What now?`,
    [
      { value: 'fail', label: 'Leave it so' },
      { value: 'rename', label: 'Keep both', hint: 'the new ones get a number' },
      { value: 'newer', label: 'Replace what is older' },
      { value: 'overwrite', label: 'Replace' },
    ],
  );
  return { code: policy === 'fail' ? first.exit : (await transfer(policy)).exit, policy };
}

export function showCommand(ask: Prompter, command: string): void {
  ask.note('The same without questions', command);
}
