import { visibleText } from '@filex/protocol';
import { CommanderError } from 'commander';
import { Context } from './context.js';
import { Deadline } from './deadline.js';
import { exits, UsageError } from './errors.js';
import type { Io } from './io.js';
import { createProgram } from './program.js';
import type { Settings } from './settings.js';
import { tellError } from './ui/tell-error.js';

/** Runs one command line in the process that `io` describes, and tells its exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let code: number = exits.ok;
  const program = createProgram(argv, io, async (settings, work) => {
    code = await perform(argv, io, settings, work);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.usage;
    if (!(error instanceof UsageError)) throw error;
    io.stderr.write(`error: ${visibleText(error.message)}\n`);
    return exits.usage;
  }
}

async function perform(
  argv: readonly string[],
  io: Io,
  settings: Settings,
  work: (context: Context) => Promise<number>,
): Promise<number> {
  const interrupted = new AbortController();
  const unsubscribe = io.onInterrupt(() => {
    // The first one is answered in good order, the second at once.
    if (interrupted.signal.aborted) io.exit(exits.interrupted);
    interrupted.abort();
  });
  const deadline = settings.timeout === undefined ? undefined : new Deadline(settings.timeout, io);
  const context = new Context(io, settings, argv, interrupted.signal, deadline?.signal);
  try {
    const code = await work(context);
    return context.interrupted ? exits.interrupted : code;
  } catch (error) {
    return tellError(context, error);
  } finally {
    await context.close();
    deadline?.cancel();
    unsubscribe();
  }
}
