import { Command, InvalidArgumentError } from 'commander';
import { type Context, version } from './context.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { addCommonOptions, applyEnvironment, HelpWithVariables } from './options.js';
import type { Settings } from './settings.js';
import { type Perform, verbs } from './verbs.js';

/** Runs what the command line asked for. */
export type Runner = (settings: Settings, work: (context: Context) => Promise<number>) => Promise<void>;

class FilexCommand extends Command {
  override createCommand(name?: string): Command {
    return new FilexCommand(name);
  }
  override createHelp(): HelpWithVariables {
    return Object.assign(new HelpWithVariables(), this.configureHelp());
  }
}

const examples = `
Examples:
  filex-client                                          asks for everything
  filex-client put -r photos filex://ann@nas:12345/     uploads the folder photos as user ann
  filex-client get -r filex://ann@nas/photos .          downloads it
  filex-client resume                                   shows what was interrupted, and goes on with it
  tar c . | filex-client put - filex://ann@nas/x.tar    uploads what another program writes

When the line is cut it connects again, up to --retries times. What was interrupted in any other way goes on when the
same command is run again, or with the verb resume.

filex:// is encrypted; the server is known by its key, which is asked about once. filex+tcp:// is not. The passcode of
a user is asked for, or comes from FILEX_PASSCODE, --passcode-stdin or the credentials file (see the README).

Exit codes: 0 ok, 1 other, 2 usage, 3 directory missing, 4 file missing, 5 server not reached or lost, 6 some files
failed, 7 authentication or permission, 8 limit or quota, 10 deadline, 11 conflict, 12 integrity, 13 server identity
unknown or changed, 130 interrupted.`;

/**
 * What understands a command line.
 * @param run called once, unless the command line is refused or only asks for help.
 */
export function createProgram(argv: readonly string[], io: Io, run: Runner): Command {
  const program = new FilexCommand('filex-client')
    .description('Moves files to and from a FileX server. Without a verb it asks what to do.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', examples);
  addCommonOptions(program);
  program.hook('preAction', (_program, action) => {
    try {
      applyEnvironment(program, io.env);
      if (action !== program) applyEnvironment(action, io.env);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new UsageError(error.message);
    }
  });
  const perform: Perform = (work) => run(program.opts<Settings>(), work);

  // Otherwise a verb that is none would be told as an argument too many.
  program.allowExcessArguments().action(() => {
    const [word] = program.args;
    if (word !== undefined) {
      const all = Object.keys(verbs).join(', ');
      throw new UsageError(`${JSON.stringify(word)} is not a verb: there are ${all}. --help shows more.`);
    }
    return perform(async (context) => {
      const { wizard } = await import('./commands/wizard.js');
      return wizard(context);
    });
  });

  for (const add of added(argv)) add(program, perform);
  return program;
}

/** Where the first word is a verb, only that one: to make them all takes longer than many a verb does. */
function added([word = '']: readonly string[]): readonly (typeof verbs)[string][] {
  const add = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  return add === undefined ? Object.values(verbs) : [add];
}
