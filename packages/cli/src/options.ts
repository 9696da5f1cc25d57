import { conflictPolicies } from '@filex/protocol';
import { type Command, Help, InvalidArgumentError, Option } from 'commander';
import { bounds } from './bounds.js';
import type { Rule } from './tree/match.js';

/** Every option, with the variable of the environment that sets it when the command line does not. */

const variables = new WeakMap<Option, string>();

export function option(flags: string, description: string, variable?: string): Option {
  const made = new Option(flags, description);
  if (variable !== undefined) variables.set(made, variable);
  return made;
}

export function integer(name: string, minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`${name} is a whole number from ${minimum} to ${maximum}.`);
  };
}

export function addCommonOptions(command: Command): void {
  command
    .addOption(
      option('--json', 'events for programs on standard output, one JSON object a line', 'FILEX_JSON'),
    )
    .addOption(option('-q, --quiet', 'say nothing but errors', 'FILEX_QUIET'))
    .addOption(option('-v, --verbose', 'tell about every file', 'FILEX_VERBOSE'))
    .addOption(option('--no-input', 'never ask; fail instead', 'FILEX_NO_INPUT'))
    .addOption(
      option('--color <when>', 'colours', 'FILEX_COLOR').choices(['auto', 'always', 'never']).default('auto'),
    )
    // No option takes the passcode itself: every program on the machine can read a command line.
    .addOption(option('--passcode-stdin', 'the first line of standard input is the passcode'))
    .addOption(
      option('--connect-timeout <seconds>', 'how long to try to reach the server', 'FILEX_CONNECT_TIMEOUT')
        .argParser(integer('the time', 1, 3600))
        .default(bounds.connectTimeout / 1000),
    )
    .addOption(bandwidthOption())
    .addOption(
      option('--retries <n>', 'how often to connect again when the line is cut', 'FILEX_RETRIES')
        .argParser(integer('the number', 0, bounds.maxRetries))
        .default(bounds.retries),
    )
    .addOption(
      option('--timeout <seconds>', 'give the whole command up after that time', 'FILEX_TIMEOUT').argParser(
        integer('the time', 1, bounds.maxTimeout),
      ),
    );
}

/** What `put` and `get` have in common. */
export function addTransferOptions(command: Command): void {
  const rules = (action: Rule['action']) => (pattern: string) => {
    // Both options fill one list, because their order decides.
    const list = (command.getOptionValue('rules') as Rule[] | undefined) ?? [];
    command.setOptionValue('rules', [...list, { action, pattern }]);
    return pattern;
  };
  command
    .addOption(option('-r, --recursive', 'folders with all that is in them', 'FILEX_RECURSIVE'))
    .addOption(
      option('--if-exists <policy>', 'what to do when the name is taken by something else', 'FILEX_IF_EXISTS')
        .choices([...conflictPolicies])
        .default('fail'),
    )
    .addOption(transfersOption())
    .addOption(
      option(
        '--include <glob>',
        'take what matches (repeatable; the last match decides)',
        'FILEX_INCLUDE',
      ).argParser(rules('include')),
    )
    .addOption(
      option('--exclude <glob>', 'leave out what matches (repeatable)', 'FILEX_EXCLUDE').argParser(
        rules('exclude'),
      ),
    )
    .addOption(dryRunOption());
}

/** A rate as in rsync and rclone: a number, with K, M or G for powers of 1024. */
export function bandwidth(text: string): number {
  const groups = /^(?<number>\d+(?:\.\d+)?)(?<unit>[kmg]?)$/i.exec(text)?.groups;
  const factor = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[groups?.['unit']?.toLowerCase() ?? ''];
  const rate = Math.floor(Number(groups?.['number']) * (factor ?? Number.NaN));
  if (rate >= bounds.leastBandwidth) return rate;
  throw new InvalidArgumentError('the rate is bytes per second, such as 500K, 2.5M or 1G, and at least 1K.');
}

function bandwidthOption(): Option {
  return option(
    '--bwlimit <rate>',
    'bytes per second at most, such as 500K or 2.5M',
    'FILEX_BWLIMIT',
  ).argParser(bandwidth);
}

/** Of `get`. */
export function durabilityOption(): Option {
  return option(
    '--durability <what>',
    'what survives a power cut: each file that was told to be there (commit), or what the system has flushed (none)',
    'FILEX_DURABILITY',
  )
    .choices(['commit', 'none'])
    .default('commit');
}

export function transfersOption(): Option {
  return option('--transfers <n>', 'files on their way at once; of small ones more are', 'FILEX_TRANSFERS')
    .argParser(integer('the number', 1, bounds.maxTransfers))
    .default(bounds.transfers);
}

export function dryRunOption(): Option {
  return option('-n, --dry-run', 'only say what would be done', 'FILEX_DRY_RUN');
}

export function policyOption(choices: readonly string[]): Option {
  return option('--if-exists <policy>', 'what to do when the name is taken', 'FILEX_IF_EXISTS')
    .choices([...choices])
    .default('fail');
}

/** Several patterns in one variable: one a line. */
const lists = new Set(['include', 'exclude']);

/**
 * Takes from the environment what the command line leaves open.
 * @throws InvalidArgumentError when a value cannot be understood.
 */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  // What the command line says comes last, so that it decides.
  const rules = (command.getOptionValue('rules') as Rule[] | undefined) ?? [];
  command.setOptionValue('rules', undefined);
  for (const each of command.options) {
    const variable = variables.get(each);
    const value = variable === undefined ? undefined : env[variable];
    if (variable === undefined || value === undefined || value === '') continue;
    const name = each.attributeName();
    const source = command.getOptionValueSource(name);
    if (source !== undefined && source !== 'default') continue;
    try {
      if (each.isBoolean() || each.negate) {
        command.setOptionValueWithSource(name, flagOf(value) !== each.negate, 'env');
      } else {
        const values = lists.has(name) ? value.split('\n').filter((line) => line !== '') : [value];
        const parse = each.parseArg ?? ((text: string) => text);
        for (const one of values) command.setOptionValueWithSource(name, parse(one, undefined), 'env');
      }
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(`${variable}=${value}: ${error.message}`);
    }
  }
  const earlier = (command.getOptionValue('rules') as Rule[] | undefined) ?? [];
  command.setOptionValue('rules', [...earlier, ...rules]);
}

function flagOf(value: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  throw new InvalidArgumentError('it is 1 or 0.');
}

/** Names the variables in the help of each option. */
export class HelpWithVariables extends Help {
  override showGlobalOptions = true;

  /** As its own help has it: only the last argument can be declared to be several. */
  override subcommandTerm(command: Command): string {
    return `${command.name()} ${command.usage()}`;
  }

  override optionDescription(each: Option): string {
    const variable = variables.get(each);
    const text = super.optionDescription(each);
    return variable === undefined ? text : `${text} [${variable}]`;
  }
}
