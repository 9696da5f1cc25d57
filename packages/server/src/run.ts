import { resolve } from 'node:path';
import { visibleText } from '@filex/protocol';
import { makeFolders } from '@filex/protocol/node';
import { Command, CommanderError } from 'commander';
import { anonymousLevels } from './access/anonymous.js';
import { announceJson, announceText } from './announcement.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { createServer, type FilexServer } from './create-server.js';
import { healthFault, ownUrl } from './health-check.js';
import { startFailure } from './start-failure.js';
import { defaultStateFolder, openStateFolder } from './state/state-folder.js';
import { type SignalSource, type Stopped, stopOnSignals } from './stop-on-signals.js';
import { logLevels, stderrLogger } from './telemetry/log.js';
import { openServerKey } from './tls/server-key.js';
import { VERSION } from './version.js';

/** What the command sees of the process it runs in. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
  out(text: string): void;
  err(text: string): void;
}

const exits = { ok: 0, failed: 1, usage: 2 } as const;

/** The command `filex-server`, from its arguments to its exit code. */
export async function run(surroundings: Surroundings): Promise<Stopped> {
  const ended = (exitCode: number): Stopped => ({ exitCode, forced: false });
  const complain = (message: string): void => surroundings.err(`filex-server: ${visibleText(message)}\n`);
  try {
    const command = parse(surroundings);
    const { config: file, healthcheck, ...flags } = command.opts();
    const config = await readConfig({
      flags: { ...flags, dir: command.args[0] },
      env: surroundings.env,
      file,
    });
    if (healthcheck !== undefined) {
      const own = ownUrl({ ...config, fingerprint: undefined });
      const fault = await healthFault(typeof healthcheck === 'string' ? healthcheck : own);
      if (fault !== undefined) complain(fault);
      return ended(fault === undefined ? exits.ok : exits.failed);
    }
    const server = await start(config, surroundings, complain);
    if (server === undefined) return ended(exits.failed);
    const { json, plaintext, anonymous } = config;
    const { urls, plaintextUrls, fingerprint } = server;
    const announced = { root: resolve(config.dir), urls, plaintextUrls, fingerprint, plaintext, anonymous };
    // Before anybody is told that it listens: who knows that may stop it at once.
    const stopped = stopOnSignals(server, surroundings.signals, complain);
    surroundings.out(json ? `${announceJson(announced)}\n` : announceText(announced));
    return await stopped;
  } catch (error) {
    // Commander has said what is wrong, or shown what was asked for.
    if (error instanceof CommanderError) return ended(error.exitCode === 0 ? exits.ok : exits.usage);
    if (!(error instanceof ConfigError)) throw error;
    complain(error.message);
    return ended(exits.usage);
  }
}

/** Undefined when it could not be started, which was said. */
async function start(
  config: Config,
  { env }: Surroundings,
  complain: (message: string) => void,
): Promise<FilexServer | undefined> {
  const { dir, host, port, plaintext, anonymous } = config;
  try {
    makeFolders(dir);
    const state = await openStateFolder(config.state ?? defaultStateFolder(env), dir);
    const tls = await openServerKey(state);
    const logger = await stderrLogger(config.logLevel);
    return await createServer({ root: dir, host, port, tls, plaintext, anonymous, logger });
  } catch (error) {
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    complain(message);
    return undefined;
  }
}

function parse({ argv, out, err }: Surroundings): Command {
  return new Command('filex-server')
    .description(
      'Serves a folder: a file appears in it only when it is complete, verified and safely stored.',
    )
    .argument('[DIR]', 'the folder to serve, made when missing (default: ./filex-data)')
    .option('--host <address>', 'listen on this address only (default: all)')
    .option('--port <number>', 'default: 12345; 0 picks a free one')
    .option(
      '--state <folder>',
      'where the key of this server is kept (default: $XDG_STATE_HOME/filex-server)',
    )
    .option(
      '--anonymous <level>',
      `what people may do without an account: ${anonymousLevels.join(', ')} (default: none)`,
    )
    .option('--plaintext <mode>', 'who may connect without encryption: off, loopback, on (default: loopback)')
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
Exit codes: 0 stopped in good order, 1 could not start, 2 wrong usage, 130 or 143 forced to stop.`,
    )
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
    .parse([...argv], { from: 'user' });
}
