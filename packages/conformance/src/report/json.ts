import type { Summary } from '../suite/summary.js';

/** The whole result for programs, as one JSON document. */
export function jsonReport({ side, subject, agent, duration, totals, results, rules }: Summary): string {
  return JSON.stringify(
    {
      side,
      subject,
      agent,
      duration: Math.round(duration),
      totals,
      cases: results.map(({ id, title, rules: of, outcome, known, duration: took }) => ({
        id,
        title,
        rules: of,
        ...outcome,
        known,
        duration: Math.round(took),
      })),
      rules: rules.map(({ rule, status, reason, cases }) => ({
        id: rule.id,
        text: rule.text,
        status,
        reason,
        cases,
      })),
    },
    undefined,
    2,
  );
}
