import { FilexError, visibleText } from '@filex/protocol';
import type { Context } from '../context.js';
import { AdvisedError, exitCode, exits, hintFor, isTransient, UsageError } from '../errors.js';
import { BrokenPipe } from './stdout.js';
import { Cancelled } from './wizard/prompter.js';

/** How to go on after a command that ended early. */
export interface GoingOn {
  /** The command that goes on from here, when there is one. */
  readonly command: string | undefined;
  /** What need not be done again, for people. */
  readonly safe: string | undefined;
}

/**
 * Tells why a command ended early: what went wrong, what to do next, and how to go on.
 * @returns the exit code.
 */
export function tellError(context: Context, error: unknown, goingOn?: GoingOn): number {
  // A question was answered with Ctrl-C, or the signal came at any other time.
  if (context.interrupted || (error instanceof Cancelled && !context.late)) {
    const { command, safe } = goingOn ?? {};
    const what = safe === undefined || safe === '' ? 'Interrupted.' : `Interrupted, ${safe}.`;
    context.complain(command === undefined ? what : `${what} This goes on from here:\n  ${command}`);
    return exits.interrupted;
  }
  // What ran when the output failed, or the time was over, only knows that it was given up; the signal knows why.
  const fault: unknown = context.signal.aborted ? context.signal.reason : context.explain(error);
  return fault instanceof BrokenPipe ? exits.ok : tellFault(context, fault, goingOn);
}

function tellFault(context: Context, error: unknown, goingOn: GoingOn | undefined): number {
  if (error instanceof UsageError)
    return tell(context, exits.usage, 'USAGE', error.message, '--help shows how.');
  if (error instanceof FilexError && error.code !== 'INTERNAL') {
    const exit = (error instanceof AdvisedError ? error.exit : undefined) ?? exitCode(error.code);
    tell(context, exit, error.code, error.message, hintFor(error));
    if (isTransient(error.code)) tellGoingOn(context, goingOn);
    return exit;
  }
  if (context.settings.verbose) context.complain(stackOf(error));
  const message = error instanceof Error ? error.message : String(error);
  return tell(context, exits.other, 'INTERNAL', message, hintFor(new FilexError('INTERNAL')));
}

function tellGoingOn(context: Context, goingOn: GoingOn | undefined): void {
  if (goingOn?.command === undefined) return;
  const { command, safe } = goingOn;
  const what = safe === undefined || safe === '' ? '' : `${safe[0]?.toUpperCase()}${safe.slice(1)}. `;
  context.complain(`${what}This goes on from here:\n  ${command}`);
}

function tell(context: Context, exit: number, code: string, message: string, hint: string): number {
  const { red, dim } = context.colors;
  context.complain(`${red('error:')} ${visibleText(message)}\n${dim(`  → ${visibleText(hint)}`)}`);
  if (context.settings.json) context.post({ event: 'error', code, message, hint, exit });
  return exit;
}

function stackOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return stack.split('\n').map(visibleText).join('\n');
}
