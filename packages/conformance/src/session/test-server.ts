import { randomBytes } from 'node:crypto';
import { bounds } from '../bounds.js';
import { serverCases } from '../cases/server/index.js';
import type { Credentials } from '../login/credentials.js';
import type { KnownFailures } from '../suite/known-failures.js';
import type { CaseResult } from '../suite/outcome.js';
import { runCases } from '../suite/run-cases.js';
import { matchesPattern } from '../suite/select.js';
import { type Summary, summarize } from '../suite/summary.js';
import type { Address } from './address.js';
import { connectPlain, connectSecure } from './connect.js';
import { removeFolder, surveyServer } from './server-survey.js';
import { type ServerTarget, ServerTrial } from './server-trial.js';

/** The server could not be reached at all. */
export class CannotConnect extends Error {
  override readonly name = 'CannotConnect';
}

export interface TestOptions {
  /** Who logs in; undefined: nobody in particular. */
  readonly user?: Credentials | undefined;
  /** Somebody else who may write there, too. */
  readonly secondUser?: Credentials | undefined;
  /** Patterns; none: every case. */
  readonly only?: readonly string[] | undefined;
  readonly known?: KnownFailures | undefined;
  /** Milliseconds that an answer may take. */
  readonly timeout?: number | undefined;
  /** How many milliseconds longer the answer to a login that fails may take. */
  readonly loginDelay?: number | undefined;
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
  const { loginDelay = bounds.loginDelay } = options;
  const { host, port, secure, fingerprint } = address;
  const own = `filex-conformance-${randomBytes(6).toString('hex')}`;
  const folder = address.path === '' ? own : `${address.path}/${own}`;
  const target: ServerTarget = {
    host,
    port,
    secure,
    fingerprint,
    folder,
    timeout,
    user: options.user,
    secondUser: options.secondUser,
  };
  await reach(target);
  const started = performance.now();
  const facts = await surveyServer(target);
  const chosen =
    only.length === 0
      ? serverCases
      : serverCases.filter(({ id, rules }) =>
          only.some((pattern) => [id, ...rules].some((each) => matchesPattern(pattern, each))),
        );
  const numbers = new Map(serverCases.map(({ id }, i) => [id, i + 1]));
  const run = (cases: typeof chosen, extra: number) =>
    runCases(
      cases,
      ({ id }) => new ServerTrial({ ...target, timeout: timeout + extra }, facts, numbers.get(id) as number),
      {
        concurrency: options.concurrency ?? bounds.concurrency,
        caseTimeout: timeout * bounds.answersPerCase + extra,
        slow,
        known: (id) => known?.has(id) === true,
        onResult,
      },
    );
  const first = await run(
    chosen.filter(({ failsLogin }) => !failsLogin),
    0,
  );
  const left = await removeFolder(target);
  if (left !== undefined) onWarning?.(`could not remove the folder ${folder}: ${left}`);
  const last = await run(
    chosen.filter(({ failsLogin }) => failsLogin),
    loginDelay,
  );
  const byId = new Map([...first, ...last].map((result) => [result.id, result]));
  const results = chosen.map(({ id }) => byId.get(id) as CaseResult);
  return summarize({
    side: 'server',
    subject: address.text,
    agent: facts?.hello.agent,
    duration: performance.now() - started,
    results,
  });
}

async function reach(target: ServerTarget): Promise<void> {
  try {
    const transport = await (target.secure ? connectSecure(target) : connectPlain(target));
    transport.destroy();
  } catch (error) {
    const { host, port } = target;
    throw new CannotConnect(`cannot connect to ${host} port ${port}: ${(error as Error).message}`);
  }
}
