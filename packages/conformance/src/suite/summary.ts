import type { Rule } from '../spec/parse.js';
import { specification } from '../spec/specification.js';
import type { Side } from './case.js';
import { coverageOf } from './coverage.js';
import type { CaseResult } from './outcome.js';

export type RuleStatus = 'passed' | 'failed' | 'known failure' | 'not applicable' | 'not run' | 'not covered';

export interface RuleReport {
  readonly rule: Rule;
  readonly status: RuleStatus;
  /** Why it is not covered or not applicable. */
  readonly reason: string | undefined;
  /** Ids of the cases that observe it, and of those whose failure showed that it is broken. */
  readonly cases: readonly string[];
}

/** What is said at the end of a run. */
export interface Summary {
  readonly side: Side;
  /** What was tested: an address or a command. */
  readonly subject: string;
  /** What the peer calls itself. */
  readonly agent: string | undefined;
  /** Milliseconds. */
  readonly duration: number;
  readonly results: readonly CaseResult[];
  readonly rules: readonly RuleReport[];
  readonly totals: {
    readonly passed: number;
    readonly failed: number;
    readonly knownFailures: number;
    /** Listed as known failures, and passed: to be taken off the list. */
    readonly knownPasses: number;
    readonly notApplicable: number;
    readonly skipped: number;
  };
}

export function summarize(
  run: Pick<Summary, 'side' | 'subject' | 'agent' | 'duration' | 'results'>,
): Summary {
  const { results } = run;
  const count = (status: string, known: boolean): number =>
    results.filter((result) => result.outcome.status === status && result.known === known).length;
  return {
    ...run,
    rules: specification.rules.map((rule) => reportOf(rule, run.side, results)),
    totals: {
      passed: count('passed', false) + count('passed', true),
      failed: count('failed', false),
      knownFailures: count('failed', true),
      knownPasses: count('passed', true),
      notApplicable: count('not applicable', false) + count('not applicable', true),
      skipped: count('skipped', false) + count('skipped', true),
    },
  };
}

function reportOf(rule: Rule, side: Side, results: readonly CaseResult[]): RuleReport {
  const { id } = rule;
  const broken = results.filter(({ outcome }) => outcome.status === 'failed' && outcome.rules.includes(id));
  const about = results.filter(({ rules }) => rules.includes(id));
  const cases = [...new Set([...about, ...broken].map((result) => result.id))];
  const report = (status: RuleStatus, reason?: string): RuleReport => ({ rule, status, reason, cases });
  if (broken.length > 0) return report(broken.some(({ known }) => !known) ? 'failed' : 'known failure');
  const reasons = about.flatMap(({ outcome }) => ('reason' in outcome ? [outcome.reason] : []));
  if (about.some(({ outcome }) => outcome.status === 'passed')) return report('passed');
  if (about.some(({ outcome }) => outcome.status === 'not applicable'))
    return report('not applicable', reasons[0]);
  if (about.length > 0) return report('not run', reasons[0] ?? 'its cases failed because of other rules');
  const coverage = coverageOf(id, side);
  return coverage === undefined ? report('not run') : report('not covered', coverage);
}
