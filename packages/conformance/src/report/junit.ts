import { specification } from '../spec/specification.js';
import type { CaseResult } from '../suite/outcome.js';
import type { Summary } from '../suite/summary.js';

/** The cases as JUnit XML: one suite a chapter. Known failures and what does not apply are skipped tests. */
export function junitReport({ side, results, duration }: Summary): string {
  const chapters = new Map<string, CaseResult[]>();
  for (const result of results) {
    const chapter = /^FX-(\d+)/.exec(result.id)?.[1] as string;
    chapters.set(chapter, [...(chapters.get(chapter) ?? []), result]);
  }
  const suites = [...chapters].map(([chapter, cases]) => {
    const title = `${chapter} ${specification.chapters[chapter]}`;
    return [
      `  <testsuite name="${xmlText(title)}" ${counts(cases)}>`,
      ...cases.map((each) => testCase(each, `${side}.chapter-${chapter}`)),
      '  </testsuite>',
    ].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="filex-conformance" time="${seconds(duration)}" ${counts(results)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function counts(cases: readonly CaseResult[]): string {
  const failures = cases.filter(({ outcome, known }) => outcome.status === 'failed' && !known).length;
  const skipped = cases.filter(
    ({ outcome, known }) => outcome.status !== 'passed' && (outcome.status !== 'failed' || known),
  ).length;
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function testCase({ id, title, outcome, known, duration }: CaseResult, className: string): string {
  const name = `${id.split('/')[0]} ${title}`;
  const head = `    <testcase classname="${className}" name="${xmlText(name)}" time="${seconds(duration)}"`;
  switch (outcome.status) {
    case 'passed':
      return `${head}/>`;
    case 'failed': {
      const message = `${outcome.rules.join(', ')}: ${outcome.message}`;
      const inner = known
        ? `<skipped message="${xmlText(`known failure: ${message}`)}"/>`
        : `<failure message="${xmlText(message)}"/>`;
      return `${head}>${inner}</testcase>`;
    }
    case 'not applicable':
    case 'skipped':
      return `${head}><skipped message="${xmlText(`${outcome.status}: ${outcome.reason}`)}"/></testcase>`;
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** Also drops what XML cannot hold at all. */
function xmlText(text: string): string {
  return [...text]
    .filter((character) => character >= ' ' || '\t\n\r'.includes(character))
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
