import { FilexError, visibleText } from '@filex/protocol';
import type { Context } from '../context.js';
import { exitCode, exits, hintFor, UsageError } from '../errors.js';
import { BrokenPipe } from './stdout.js';
import { Cancelled } from './wizard/prompter.js';

/**
 * Tells why a command ended early: what went wrong and what to do next.
 * @param resume the command that goes on from here, when there is one.
 * @returns the exit code.
 */
export function tellError(context: Context, error: unknown, resume?: string): number {
  // A question was answered with Ctrl-C, or the signal came at any other time.
  if (context.interrupted || error instanceof Cancelled) {
    context.complain(
      resume === undefined ? 'Interrupted.' : `Interrupted. This goes on from here:\n  ${resume}`,
    );
    return exits.interrupted;
  }
  // What ran when the output failed only knows that it was given up; the output knows why.
  const fault: unknown = context.signal.aborted ? context.signal.reason : error;
  return fault instanceof BrokenPipe ? exits.ok : tellFault(context, fault);
}

function tellFault(context: Context, error: unknown): number {
  if (error instanceof UsageError)
    return tell(context, exits.usage, 'USAGE', error.message, '--help shows how.');
  if (error instanceof FilexError && error.code !== 'INTERNAL') {
    return tell(context, exitCode(error.code), error.code, error.message, hintFor(error));
  }
  if (context.settings.verbose) context.complain(stackOf(error));
  const message = error instanceof Error ? error.message : String(error);
  return tell(context, exits.other, 'INTERNAL', message, hintFor(new FilexError('INTERNAL')));
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
