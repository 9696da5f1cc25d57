import { ruleOf, specification } from '../spec/specification.js';
import type { CaseResult } from '../suite/outcome.js';
import type { RuleReport, RuleStatus, Summary } from '../suite/summary.js';
import { shown } from './shown.js';

/** The result for people: failures with what the rule asks for, the chapters, the totals. */
export function textReport(summary: Summary): string {
  const { results, rules, totals, duration, subject, agent } = summary;
  const failed = results.filter(({ outcome }) => outcome.status === 'failed');
  const fresh = failed.filter(({ known }) => !known);
  const known = failed.filter((result) => result.known);
  const better = results.filter((result) => result.known && result.outcome.status === 'passed');
  const sections = [
    ...section('Failed', fresh.map(failure)),
    ...section('Known failures', known.map(failure)),
    ...section(
      'Passed, though listed as known failures',
      better.map(({ id }) => `  ${id}`),
    ),
    ...section('Not applicable', reasons(rules, 'not applicable')),
    ...section('Not run', reasons(rules, 'not run')),
    ...section('Not covered', reasons(rules, 'not covered')),
    chapterTable(summary),
  ];
  const counts = [
    `${totals.passed} passed`,
    `${totals.failed} failed`,
    ...(totals.knownFailures > 0 ? [`${totals.knownFailures} failed as known`] : []),
    ...(totals.notApplicable > 0 ? [`${totals.notApplicable} not applicable`] : []),
    ...(totals.skipped > 0 ? [`${totals.skipped} skipped`] : []),
  ];
  const name = agent === undefined ? subject : `${subject} (${shown(agent)})`;
  return `${sections.join('\n\n')}\n\n${name}: ${counts.join(', ')} in ${(duration / 1000).toFixed(1)} s\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}\n\n${lines.join('\n')}`];
}

function failure({ id, title, outcome }: CaseResult): string {
  if (outcome.status !== 'failed') return '';
  const texts = outcome.rules.map((rule) => `    ${rule}  ${ruleOf(rule).text}`);
  return `  ${id}\n    ${title}\n    -> ${outcome.message}\n${texts.join('\n')}\n`;
}

/** Rules with the same reason share a line. */
function reasons(rules: readonly RuleReport[], status: RuleStatus): string[] {
  const byReason = new Map<string, string[]>();
  for (const { rule, status: is, reason } of rules) {
    if (is === status && reason !== undefined)
      byReason.set(reason, [...(byReason.get(reason) ?? []), rule.id]);
  }
  return [...byReason].map(([reason, ids]) => `  ${ids.join(', ')}\n    ${reason}`);
}

const columns: readonly RuleStatus[] = [
  'passed',
  'failed',
  'known failure',
  'not applicable',
  'not run',
  'not covered',
];

function chapterTable({ rules }: Summary): string {
  const used = columns.filter((column) => rules.some(({ status }) => status === column));
  const rows = Object.entries(specification.chapters).flatMap(([chapter, title]) => {
    const own = rules.filter(({ rule }) => String(rule.chapter) === chapter);
    if (own.length === 0) return [];
    const counts = used.map((column) => own.filter(({ status }) => status === column).length);
    return [[`${chapter} ${title}`, ...counts.map((count) => (count === 0 ? '.' : String(count)))]];
  });
  const head = ['Rules by chapter', ...used];
  const widths = head.map((cell, i) =>
    Math.max(cell.length, ...rows.map((row) => (row[i] as string).length)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) =>
          i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart((widths[i] as number) + 2),
        )
        .join(''),
    )
    .join('\n');
}
