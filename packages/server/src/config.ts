import { readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { DEFAULT_PORT } from '@filex/protocol';
import * as v from 'valibot';
import { anonymousLevels } from './access/anonymous.js';
import { bounds } from './bounds.js';
import { amountForms, parseAmount } from './limits/amount.js';
import type { LimitValues } from './limits/limit-table.js';
import { LimitFault, parseLimits } from './limits/parse-limits.js';
import { logLevels } from './telemetry/log.js';

/** The user's mistake: the message says which option, where it was given, and what it can be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const plaintextModes = ['off', 'loopback', 'on'] as const;
const durabilities = ['commit', 'none'] as const;

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  v.picklist(values, `must be one of ${values.join(', ')}`);
const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'));
const portFault = 'must be a whole number from 0 to 65535';
const port = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))], portFault),
  v.integer(portFault),
  v.minValue(0, portFault),
  v.maxValue(65_535, portFault),
);
const workersFault = `must be auto, or a whole number from 1 to ${bounds.workers}`;
const workers = v.pipe(
  v.union(
    [v.number(), v.literal('auto'), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))],
    workersFault,
  ),
  v.transform((given) => (given === 'auto' ? Math.min(availableParallelism(), bounds.autoWorkers) : given)),
  v.integer(workersFault),
  v.minValue(1, workersFault),
  v.maxValue(bounds.workers, workersFault),
);
const boolean = v.union(
  [
    v.boolean(),
    v.pipe(
      v.picklist(['true', 'false', '1', '0']),
      v.transform((given) => given === 'true' || given === '1'),
    ),
  ],
  'must be true or false',
);

const size = v.pipe(
  v.union([v.string(), v.number()], `must be ${amountForms.bytes}`),
  v.transform((given) => parseAmount(given, 'bytes')),
  v.number(`must be ${amountForms.bytes}`),
);
const limits = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, LimitValues>(({ dataset, addIssue, NEVER }) => {
    try {
      return parseLimits(dataset.value);
    } catch (error) {
      if (!(error instanceof LimitFault)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

/** Every option, with what it can be. The names are those of the configuration file. */
const options = {
  dir: text,
  host: text,
  port,
  state: text,
  users: text,
  anonymous: oneOf(anonymousLevels),
  tlsCert: text,
  tlsKey: text,
  plaintext: oneOf(plaintextModes),
  limits,
  keepFree: size,
  durability: oneOf(durabilities),
  audit: text,
  workers,
  json: boolean,
  logLevel: oneOf(logLevels),
} as const;

type Options = typeof options;
/** What has no default, or one that depends on where the server runs. */
type Optional = 'host' | 'state' | 'users' | 'tlsCert' | 'tlsKey' | 'keepFree' | 'audit';
export type Config = {
  readonly [K in keyof Options]: v.InferOutput<Options[K]> | (K extends Optional ? undefined : never);
};

const defaults: Config = {
  dir: './filex-data',
  host: undefined,
  port: DEFAULT_PORT,
  state: undefined,
  users: undefined,
  anonymous: 'none',
  tlsCert: undefined,
  tlsKey: undefined,
  plaintext: 'loopback',
  limits: {},
  keepFree: undefined,
  durability: 'commit',
  audit: undefined,
  workers: 1,
  json: false,
  logLevel: 'info',
};

/** What was given, before it is checked. */
export interface ConfigSources {
  /** By name of the option. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file of `--config`. */
  readonly file: string | undefined;
}

/**
 * Flags win over `FILEX_*` variables, those over the configuration file, that over the defaults.
 * @throws ConfigError
 */
export async function readConfig({
  flags,
  env,
  file = given(env['FILEX_CONFIG']),
}: ConfigSources): Promise<Config> {
  const names = Object.keys(options) as (keyof Options)[];
  const fromEnv = Object.fromEntries(names.map((name) => [name, given(env[variableOf(name)])]));
  const sources = [
    file === undefined ? {} : check(await readConfigFile(file), (name) => `${file}: "${name}"`),
    check(fromEnv, variableOf),
    check(flags, flagOf),
  ];
  const config: Config = Object.assign({}, defaults, ...sources, {
    // Each limit for itself, like any other option.
    limits: Object.assign({}, ...sources.map((source) => source.limits)),
  });
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    throw new ConfigError(
      '--tls-cert and --tls-key belong together: the certificate, and the key that it is for',
    );
  return config;
}

/** `logLevel` is `FILEX_LOG_LEVEL`. */
function variableOf(name: string): string {
  return `FILEX_${dashed(name).replaceAll('-', '_').toUpperCase()}`;
}

/** What the option is called on the command line. */
function flagOf(name: string): string {
  if (name === 'dir') return 'DIR';
  return name === 'limits' ? '--limit' : `--${dashed(name)}`;
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Compose files and shells set variables to nothing to unset them. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function check(raw: Readonly<Record<string, unknown>>, nameAt: (name: string) => string): Partial<Config> {
  const checked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(options, name))
      throw new ConfigError(`${nameAt(name)} is not an option; there are ${Object.keys(options).join(', ')}`);
    const result = v.safeParse(options[name as keyof Options], value);
    if (!result.success) {
      const [{ message }] = result.issues;
      // A limit says by itself which one of them it is.
      const wrong = name === 'limits' ? message : `${message}, not ${JSON.stringify(value)}`;
      throw new ConfigError(`${nameAt(name)} ${wrong}`);
    }
    checked[name] = result.output;
  }
  return checked;
}

async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  let content: string;
  try {
    const { size } = await stat(path);
    if (size > bounds.configFile)
      throw new ConfigError(`the configuration file ${path} has more than ${bounds.configFile} bytes`);
    content = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`cannot read the configuration file: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new ConfigError(`the configuration file ${path} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`the configuration file ${path} must be an object, such as {"port": 12345}`);
  return value as Record<string, unknown>;
}
