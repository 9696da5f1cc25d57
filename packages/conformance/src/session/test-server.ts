import { randomBytes } from 'node:crypto';
import { bounds } from '../bounds.js';
import { serverCases } from '../cases/server/index.js';
import type { KnownFailures } from '../suite/known-failures.js';
import type { CaseResult } from '../suite/outcome.js';
import { runCases } from '../suite/run-cases.js';
import { matchesPattern } from '../suite/select.js';
import { type Summary, summarize } from '../suite/summary.js';
import type { Address } from './address.js';
import { removeFolder, surveyServer } from './server-survey.js';
import { ServerTrial } from './server-trial.js';
import { Transport } from './transport.js';

/** The server could not be reached at all. */
export class CannotConnect extends Error {
  override readonly name = 'CannotConnect';
}

export interface TestOptions {
  /** Patterns; none: every case. */
  readonly only?: readonly string[] | undefined;
  readonly known?: KnownFailures | undefined;
  /** Milliseconds that an answer may take. */
  readonly timeout?: number | undefined;
  readonly slow?: boolean | undefined;
  readonly concurrency?: number | undefined;
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /** What the user should know besides the results. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Runs the cases for servers against one, in a folder of its own below the path of the address, which is removed again.
 * @throws CannotConnect
 */
export async function testServer(address: Address, options: TestOptions = {}): Promise<Summary> {
  const { only = [], known, timeout = bounds.answer, slow = false, onResult, onWarning } = options;
  const { host, port } = address;
  const own = `filex-conformance-${randomBytes(6).toString('hex')}`;
  const folder = address.path === '' ? own : `${address.path}/${own}`;
  const target = { host, port, folder, timeout };
  await reach(host, port, timeout);
  const started = performance.now();
  const facts = await surveyServer(target);
  const chosen =
    only.length === 0
      ? serverCases
      : serverCases.filter(({ id, rules }) =>
          only.some((pattern) => [id, ...rules].some((each) => matchesPattern(pattern, each))),
        );
  const numbers = new Map(serverCases.map(({ id }, i) => [id, i + 1]));
  const results = await runCases(
    chosen,
    ({ id }) => new ServerTrial(target, facts, numbers.get(id) as number),
    {
      concurrency: options.concurrency ?? bounds.concurrency,
      caseTimeout: timeout * bounds.answersPerCase,
      slow,
      known: (id) => known?.has(id) === true,
      onResult,
    },
  );
  const left = await removeFolder(target);
  if (left !== undefined) onWarning?.(`could not remove the folder ${folder}: ${left}`);
  return summarize({
    side: 'server',
    subject: address.text,
    agent: facts?.hello.agent,
    duration: performance.now() - started,
    results,
  });
}

async function reach(host: string, port: number, timeout: number): Promise<void> {
  try {
    const transport = await Transport.connect(host, port, timeout);
    transport.destroy();
  } catch (error) {
    throw new CannotConnect(`cannot connect to ${host} port ${port}: ${(error as Error).message}`);
  }
}
