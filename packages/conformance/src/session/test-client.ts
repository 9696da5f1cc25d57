import { bounds } from '../bounds.js';
import type { ClientCase } from '../cases/client/client-case.js';
import { clientCases } from '../cases/client/index.js';
import { bounds as clientBounds } from '../client/bounds.js';
import { type ClientUnderTest, type Verb, verbs } from '../client/client-under-test.js';
import type { KnownFailures } from '../suite/known-failures.js';
import type { CaseResult } from '../suite/outcome.js';
import { runCases } from '../suite/run-cases.js';
import { matchesPattern } from '../suite/select.js';
import { type Summary, summarize } from '../suite/summary.js';
import { type MissingSkills, surveyClient } from './client-survey.js';
import { ClientTrial } from './client-trial.js';

export interface TestClientOptions {
  /** Patterns; none: every case. */
  readonly only?: readonly string[] | undefined;
  readonly known?: KnownFailures | undefined;
  /** Milliseconds that an answer may take. */
  readonly timeout?: number | undefined;
  readonly slow?: boolean | undefined;
  /** Also the cases that are alike to others. Default: with `slow`. */
  readonly variations?: boolean | undefined;
  readonly concurrency?: number | undefined;
  readonly onResult?: ((result: CaseResult) => void) | undefined;
}

/** Runs the cases for clients against one. What needs a verb that it does not have is skipped. */
export async function testClient(client: ClientUnderTest, options: TestClientOptions = {}): Promise<Summary> {
  const { only = [], known, timeout = bounds.answer, slow = false, onResult } = options;
  const { variations = slow } = options;
  const started = performance.now();
  const chosen = clientCases.filter(
    ({ id, rules }) =>
      only.length === 0 ||
      only.some((pattern) => [id, ...rules].some((each) => matchesPattern(pattern, each))),
  );
  const can = new Set<Verb>(verbs.filter((verb) => client.can(verb)));
  const notRun = ({ verb, variation }: ClientCase): string | undefined => {
    if (!can.has(verb)) return `no command for "${verb}" was given`;
    return variation && !variations ? 'much like others: runs with --slow' : undefined;
  };
  const isKnown = (id: string): boolean => known?.has(id) === true;
  const runnable = chosen.filter((each) => notRun(each) === undefined);
  const missing = runnable.some(({ needs }) => needs !== undefined)
    ? await surveyClient(client, timeout)
    : undefined;
  const run = await runCases(
    runnable.map((each) => withSkills(each, missing)),
    (each) => new ClientTrial(client, each as ClientCase, timeout),
    {
      concurrency: options.concurrency ?? clientBounds.processes,
      caseTimeout: timeout * bounds.answersPerCase,
      slow,
      known: isKnown,
      onResult,
    },
  );
  const byId = new Map(run.map((result) => [result.id, result]));
  const results = chosen.map(
    (each): CaseResult =>
      byId.get(each.id) ?? {
        id: each.id,
        title: each.title,
        rules: each.rules,
        outcome: { status: 'skipped', reason: notRun(each) as string },
        duration: 0,
        known: isKnown(each.id),
      },
  );
  return summarize({
    side: 'client',
    subject: client.name,
    agent: undefined,
    duration: performance.now() - started,
    results,
  });
}

/** The case, which says that it does not apply where the client need not do, and does not, what it is about. */
function withSkills(each: ClientCase, missing: MissingSkills | undefined): ClientCase {
  const reason = each.needs === undefined ? undefined : missing?.[each.needs];
  return reason === undefined ? each : { ...each, run: async (trial) => trial.notApplicable(reason) };
}
