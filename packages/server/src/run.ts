import { FilexError, visibleText } from '@filex/protocol';
import { Command, CommanderError } from 'commander';
import { anonymousLevels } from './access/anonymous.js';
import { UsersError } from './access/users-document.js';
import { addLimitsCommand } from './commands/limits.js';
import { serveFolder } from './commands/serve.js';
import { addUserCommand, type UserSurroundings } from './commands/user.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { healthFault, ownUrl } from './health-check.js';
import { type Places, placesOf } from './state/places.js';
import { openStateFolder } from './state/state-folder.js';
import type { SignalSource, Stopped } from './stop-on-signals.js';
import { logLevels } from './telemetry/log.js';
import { knownFingerprint } from './tls/identity.js';
import { VERSION } from './version.js';
import { TooManyWorkers } from './workers/share-limits.js';

/** What the command sees of the process it runs in. */
export interface Surroundings extends Pick<UserSurroundings, 'stdin' | 'askHidden'> {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  out(text: string): void;
  err(text: string): void;
}

const exits = { ok: 0, failed: 1, usage: 2 } as const;

/** The command `filex-server`, from its arguments to its exit code. */
export async function run(surroundings: Surroundings): Promise<Stopped> {
  const { argv, env, out } = surroundings;
  const complain = (message: string): void => surroundings.err(`filex-server: ${visibleText(message)}\n`);
  let stopped: Stopped = ended(exits.ok);
  const program = options(new Command('filex-server'))
    .action(async (dir: string | undefined, flags: Flags) => {
      stopped = await main({ ...flags, dir }, surroundings, complain);
    })
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: surroundings.err });
  addUserCommand(program, {
    ...surroundings,
    usersFile: async ({ users, state }) => {
      const { config, places } = await configured({ ...program.opts<Flags>(), users, state }, env);
      // Made here already, so that it is private from the beginning.
      if (config.users === undefined) await openStateFolder(places.state);
      return places.users;
    },
  });
  addLimitsCommand(program, out);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return stopped;
  } catch (error) {
    // Commander has said what is wrong, or shown what was asked for.
    if (error instanceof CommanderError) return ended(error.exitCode === 0 ? exits.ok : exits.usage);
    const isUsage = error instanceof ConfigError || error instanceof TooManyWorkers;
    if (!isUsage && !(error instanceof UsersError) && !(error instanceof FilexError)) throw error;
    complain(error.message);
    return ended(isUsage ? exits.usage : exits.failed);
  }
}

function ended(exitCode: number): Stopped {
  return { exitCode, forced: false };
}

/** As commander has read them. */
interface Flags extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly healthcheck?: string | true;
  readonly limit?: readonly string[];
}

async function configured(
  { config: file, healthcheck: _, limit: limits, ...flags }: Flags,
  env: Surroundings['env'],
): Promise<{ config: Config; places: Places }> {
  const config = await readConfig({ flags: { ...flags, limits }, env, file });
  return { config, places: placesOf(config, env) };
}

/** Serves, or looks how a server is. */
async function main(
  flags: Flags,
  { env, signals, out }: Surroundings,
  complain: (message: string) => void,
): Promise<Stopped> {
  const { config, places } = await configured(flags, env);
  const { healthcheck } = flags;
  if (healthcheck !== undefined) {
    const fingerprint = await knownFingerprint(config, places.state);
    const url = healthcheck === true ? ownUrl({ ...config, fingerprint }) : healthcheck;
    const fault = await healthFault(url);
    if (fault !== undefined) complain(fault);
    return ended(fault === undefined ? exits.ok : exits.failed);
  }
  const passcodeCommand = `${programName(env)} user passwd${locationOf(places, env)}`;
  const stopped = await serveFolder(config, places, { signals, passcodeCommand, out, complain });
  return stopped ?? ended(exits.failed);
}

/** How to call this program again. */
function programName(env: Surroundings['env']): string {
  // Set by `npx` and `npm exec`: the name alone would not be found then.
  return env['npm_command'] === 'exec' ? 'npx filex-server' : 'filex-server';
}

/** What says where the users file is, when it is not where it would be looked for. */
function locationOf({ users }: Places, env: Surroundings['env']): string {
  if (users === placesOf({ state: undefined, users: undefined }, env).users) return '';
  return ` --users '${users.replaceAll("'", "'\\''")}'`;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function options(program: Command): Command {
  return program
    .description(
      'Serves a folder: a file appears in it only when it is complete, verified and safely stored.',
    )
    .argument('[DIR]', 'the folder to serve, made when missing (default: ./filex-data)')
    .option('--host <address>', 'listen on this address only (default: all)')
    .option('--port <number>', 'default: 12345; 0 picks a free one')
    .option(
      '--state <folder>',
      'where key, certificate and users are kept (default: $XDG_STATE_HOME/filex-server)',
    )
    .option(
      '--users <file>',
      'who can log in: see `filex-server user --help` (default: users.json in the state folder)',
    )
    .option(
      '--anonymous <level>',
      `what people may do without logging in: ${anonymousLevels.join(', ')} (default: none)`,
    )
    .option(
      '--tls-cert <file>',
      'a certificate of your own, or a chain of them, PEM; read again when it changes',
    )
    .option('--tls-key <file>', 'the key of that certificate, PEM')
    .option('--plaintext <mode>', 'who may connect without encryption: off, loopback, on (default: loopback)')
    .option('--limit <name=value>', 'change a limit; `filex-server limits` lists them (repeatable)', collect)
    .option(
      '--keep-free <bytes>',
      'what uploads leave free, such as 2G (default: 1 % of the disk, at most 1G)',
    )
    .option(
      '--durability <when>',
      'commit: what was stored survives a power cut; none: the end of this program only (default: commit)',
    )
    .option('--audit <file>', 'write down who did what, one line of JSON each')
    .option(
      '--workers <number>',
      'processes that serve together, to use that many cores; auto: one for each core (default: 1)',
    )
    .option('--config <file>', 'JSON with the same options: {"dir": …, "port": …, "logLevel": …}')
    .option('--json', 'say where it listens as one line of JSON')
    .option('--log-level <level>', `${logLevels.join(', ')} (default: info)`)
    .option(
      '--healthcheck [url]',
      'do not serve; exit 0 when the server with these options, or at that address, is well',
    )
    .version(VERSION)
    .addHelpText(
      'after',
      `
Every option can be given as a variable too: FILEX_DIR, FILEX_PORT, FILEX_LOG_LEVEL, …
Flags win over variables, variables over the configuration file.

SIGTERM or SIGINT (Ctrl+C) lets what runs come to its end, a second one ends it.
Exit codes: 0 stopped in good order, 1 could not start, or its workers died too often, 2 wrong usage, 130 or 143 forced to stop.`,
    );
}
