import { Violation } from '../wire/violation.js';
import type { Case } from './case.js';
import { type CaseResult, NotApplicable, type Outcome, Skipped } from './outcome.js';

/** What a case gets to work with; it is closed when the case is over, however it ended. */
export interface ClosableTrial {
  /** Throws what the peer did wrong and no step of the case has noticed. */
  check(): void;
  close(): void;
}

export interface RunOptions {
  /** Cases at once. */
  readonly concurrency: number;
  /** Milliseconds that one case may take. */
  readonly caseTimeout: number;
  readonly slow: boolean;
  /** Ids of known failures. */
  readonly known: (id: string) => boolean;
  readonly onResult?: ((result: CaseResult) => void) | undefined;
}

/** Runs every case, several at once, each with a trial of its own; results come in the order of the cases. */
export async function runCases<Trial extends ClosableTrial>(
  cases: readonly Case<Trial>[],
  makeTrial: (of: Case<Trial>) => Trial,
  options: RunOptions,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cases.length) {
      const index = next;
      next += 1;
      const each = cases[index] as Case<Trial>;
      const started = performance.now();
      const outcome = await runCase(each, makeTrial, options);
      const { id, title, rules } = each;
      const duration = performance.now() - started;
      const result = { id, title, rules, outcome, duration, known: options.known(id) };
      results[index] = result;
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, lane));
  return results;
}

async function runCase<Trial extends ClosableTrial>(
  each: Case<Trial>,
  makeTrial: (of: Case<Trial>) => Trial,
  { slow, caseTimeout }: RunOptions,
): Promise<Outcome> {
  if (each.slow && !slow) return { status: 'skipped', reason: 'takes long: runs with --slow' };
  const trial = makeTrial(each);
  try {
    await within(each.slow ? Number.POSITIVE_INFINITY : caseTimeout, each.run(trial));
    trial.check();
    return { status: 'passed' };
  } catch (error) {
    // What the peer did wrong explains more than that the case could not go on after it.
    return outcomeOf(noticed(trial) ?? error, each.rules);
  } finally {
    trial.close();
  }
}

function noticed(trial: ClosableTrial): unknown {
  try {
    trial.check();
    return undefined;
  } catch (error) {
    return error;
  }
}

function outcomeOf(error: unknown, rules: readonly string[]): Outcome {
  if (error instanceof NotApplicable) return { status: 'not applicable', reason: error.message };
  if (error instanceof Skipped) return { status: 'skipped', reason: error.message };
  if (error instanceof Violation) {
    return { status: 'failed', rules: error.rules.length > 0 ? error.rules : rules, message: error.message };
  }
  // A defect of the suite itself: it must not look like one of the peer.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { status: 'failed', rules, message: `the suite itself has failed: ${text}` };
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  if (milliseconds === Number.POSITIVE_INFINITY) return work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Violation([], `the case did not end within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // It ends with an error of its own, once its connections are closed.
    work.catch(() => undefined);
  }
}
