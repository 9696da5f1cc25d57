import { Command, type CommandOptions, type Exit } from './command.js';
import { clientBin } from './paths.js';

/** One event of `--json`. */
export type Event = Readonly<Record<string, unknown>> & { readonly v: number; readonly event: string };

export interface ClientExit extends Exit {
  /** Every line of standard output, read as an event; throws when one is not. */
  events(): Event[];
}

/** Starts `filex-client` with these words. */
export function startClient(words: readonly string[], options: CommandOptions = {}): Command {
  return new Command(process.execPath, [clientBin, ...words], options);
}

/** Runs `filex-client` with these words to its end. */
export async function filex(words: readonly string[], options: CommandOptions = {}): Promise<ClientExit> {
  return clientExit(await startClient(words, options).exited);
}

export function clientExit(exit: Exit): ClientExit {
  return { ...exit, events: () => eventsOf(exit.stdout) };
}

export function eventsOf(stdout: string): Event[] {
  if (stdout !== '' && !stdout.endsWith('\n')) throw new Error('the last line has no end');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}
