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
 * transferred the first time is identical the second time, so nothing is done twice. Ends with the command that does
 * the same.
 *
 * @param transfer does it under a policy.
 * @param command the command that does it under a policy.
 * @returns the exit code.
 */
export async function transferAsking(
  ask: Prompter,
  transfer: (policy: ConflictPolicy) => Promise<TransferEnd>,
  command: (policy: ConflictPolicy) => string,
): Promise<number> {
  let policy: ConflictPolicy = 'fail';
  let end = await transfer(policy);
  const conflicts = end.tally.failures.filter(({ error }) => error.code === 'ALREADY_EXISTS').length;
  if (conflicts > 0 && !end.stopped) {
    policy = await ask.choose<ConflictPolicy>(
      `${count(conflicts, 'name')} taken by something else. What now?`,
      [
        { value: 'fail', label: 'Leave it so' },
        { value: 'rename', label: 'Keep both', hint: 'the new ones get a number' },
        { value: 'newer', label: 'Replace what is older' },
        { value: 'overwrite', label: 'Replace' },
      ],
    );
    if (policy !== 'fail') end = await transfer(policy);
  }
  // Who interrupted was told how to go on.
  if (!end.stopped) ask.note('The same without questions', command(policy));
  return end.exit;
}

/** The options of such a command. */
export function optionsFor(recursive: boolean, policy: ConflictPolicy): string[] {
  return [...(recursive ? ['-r'] : []), ...(policy === 'fail' ? [] : ['--if-exists', policy])];
}
