import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bounds } from './bounds.js';
import { clientCases } from './cases/client/index.js';
import { serverCases } from './cases/server/index.js';
import { clientHelp, clientOf, clientOptions } from './client/client-options.js';
import { Credentials } from './login/credentials.js';
import { jsonReport } from './report/json.js';
import { junitReport } from './report/junit.js';
import { textReport } from './report/text.js';
import { parseAddress } from './session/address.js';
import { testClient } from './session/test-client.js';
import { CannotConnect, testServer } from './session/test-server.js';
import { ruleOf } from './spec/specification.js';
import { KnownFailures } from './suite/known-failures.js';
import { matchesPattern } from './suite/select.js';
import type { Summary } from './suite/summary.js';

/** What the command sees of the process it runs in. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

const exits = { ok: 0, failed: 1, usage: 2, unreachable: 5 } as const;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

const help = `Usage: filex-conformance [options] filex://[user@]host[:port]/path[?fp=sha256:…]
       filex-conformance [options] filex+tcp://[user@]host[:port]/path
       filex-conformance [options] --client [--put COMMAND] [--get COMMAND] … [-- COMMAND…]

Tests a FileX server from outside, rule by rule of PROTOCOL.md. It needs a folder that it may write into: below the
path of the address it makes one of its own, filex-conformance-…, and removes it again. The user of the address logs in
with the passcode in FILEX_PASSCODE; many cases try to without the right one, which the server must not be set to punish.

With --client it tests a client: for each case it listens on this machine, runs a COMMAND against itself, and judges
what comes, how the command ends and what it leaves. What stands after -- is called as filex-client is; a client that
has another command line is described verb by verb. There is no shell: blanks separate, quotes keep together.

${clientHelp}

Cases about logins give it an address with a user, and the passcode in the environment as FILEX_PASSCODE.

  --second-user NAME  who else may write there, with the passcode in FILEX_SECOND_PASSCODE: two cannot share an upload
  --only PATTERN   only these cases: FX-4 (chapter), FX-4.2 (section), FX-4.2-3 (rule), *ping*; may be repeated
  --known FILE     known failures, one pattern a line: they still run, and do not make the run fail
  --json           the whole report as JSON on stdout
  --junit FILE     JUnit XML as well
  --timeout MS     how long an answer may take (default: ${bounds.answer})
  --slow           also the cases that wait for the timers of the peer, and those for clients that are much like others
  --list           say which cases there are, and run none
  --help

Exit codes: 0 all passed, 1 failures, 2 wrong usage, 5 the server cannot be reached.
`;

/** The command `filex-conformance`, from its arguments to its exit code. */
export async function run({ argv, env, out, err }: Surroundings): Promise<number> {
  try {
    const { values, positionals } = parse(argv);
    if (values.help === true) {
      out(help);
      return exits.ok;
    }
    if (values.list === true) {
      out(list(values.client === true ? 'client' : 'server', values.only ?? []));
      return exits.ok;
    }
    const options = {
      only: values.only,
      known: values.known === undefined ? undefined : readKnown(values.known),
      timeout: values.timeout === undefined ? undefined : milliseconds(values.timeout),
      slow: values.slow,
      onWarning: (message: string) => err(`filex-conformance: ${message}\n`),
    };
    if (values.client === true) {
      const summary = await testClient(clientUnderTest(values, positionals), options);
      report(summary, { json: values.json === true, junit: values.junit, out });
      return summary.totals.failed === 0 ? exits.ok : exits.failed;
    }
    const [text, ...more] = positionals;
    if (text === undefined || more.length > 0)
      throw new UsageError('one address is needed: filex://user@host:port/path?fp=sha256:…');
    const address = addressOf(text);
    const { user } = address;
    const summary = await testServer(address, {
      ...options,
      user: user === undefined ? undefined : credentialsOf(user, env, 'FILEX_PASSCODE'),
      secondUser:
        values['second-user'] === undefined
          ? undefined
          : credentialsOf(values['second-user'], env, 'FILEX_SECOND_PASSCODE'),
    });
    report(summary, { json: values.json === true, junit: values.junit, out });
    return summary.totals.failed === 0 ? exits.ok : exits.failed;
  } catch (error) {
    if (error instanceof CannotConnect) {
      err(`filex-conformance: ${error.message}\n`);
      return exits.unreachable;
    }
    if (!(error instanceof UsageError)) throw error;
    err(`filex-conformance: ${error.message} (--help shows what there is)\n`);
    return exits.usage;
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        client: { type: 'boolean' },
        ...clientOptions,
        'second-user': { type: 'string' },
        only: { type: 'string', multiple: true },
        known: { type: 'string' },
        json: { type: 'boolean' },
        junit: { type: 'string' },
        timeout: { type: 'string' },
        slow: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function report(
  summary: Summary,
  { json, junit, out }: { json: boolean; junit: string | undefined; out: (text: string) => void },
): void {
  if (junit !== undefined) writeFileSync(junit, junitReport(summary));
  out(json ? `${jsonReport(summary)}\n` : textReport(summary));
}

function list(side: 'server' | 'client', only: readonly string[]): string {
  const cases = side === 'client' ? clientCases : serverCases;
  return cases
    .filter(({ id, rules }) =>
      only.length === 0
        ? true
        : only.some((pattern) => [id, ...rules].some((of) => matchesPattern(pattern, of))),
    )
    .map(({ id, rules, title }) => {
      const [first] = rules;
      return `${id}\n  ${title}\n  ${ruleOf(first as string).text}\n`;
    })
    .join('\n');
}

function addressOf(text: string) {
  try {
    return parseAddress(text);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function credentialsOf(user: string, env: Surroundings['env'], variable: string): Credentials {
  const passcode = env[variable];
  if (passcode === undefined || passcode === '')
    throw new UsageError(`${variable} should hold the passcode of the user ${JSON.stringify(user)}`);
  const credentials = new Credentials(user, passcode);
  if (!credentials.usable)
    throw new UsageError(`user name and passcode must not have control characters (FX-6.4-6)`);
  return credentials;
}

function clientUnderTest(values: Parameters<typeof clientOf>[0], command: readonly string[]) {
  try {
    return clientOf(values, command);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readKnown(file: string): KnownFailures {
  try {
    return KnownFailures.read(file);
  } catch (error) {
    throw new UsageError(`cannot read the known failures: ${(error as Error).message}`);
  }
}

function milliseconds(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 600_000)
    throw new UsageError('--timeout must be a whole number of milliseconds from 1 to 600000');
  return number;
}
