import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { jsonReport } from '../report/json.js';
import { junitReport } from '../report/junit.js';
import { textReport } from '../report/text.js';
import { Violation } from '../wire/violation.js';
import { type Case, casesOf } from './case.js';
import { KnownFailures } from './known-failures.js';
import { NotApplicable } from './outcome.js';
import { type ClosableTrial, type RunOptions, runCases } from './run-cases.js';
import { matchesPattern } from './select.js';
import { summarize } from './summary.js';

describe('a pattern', () => {
  it.each([
    ['FX-4', 'FX-4.2-3/some-case', true],
    ['FX-4', 'FX-14.1-1/some-case', false],
    ['FX-1', 'FX-14.1-1', false],
    ['FX-4.2', 'FX-4.2-3', true],
    ['FX-4.2-1', 'FX-4.2-10', false],
    ['FX-4.2-3', 'FX-4.2-3/some-case', true],
    ['FX-4.2-3/some-case', 'FX-4.2-3/some-case', true],
    ['*some*', 'FX-4.2-3/some-case', true],
    ['FX-*-3', 'FX-4.2-3', true],
    ['*', 'anything', true],
    ['FX-4.2-3*other', 'FX-4.2-3/some-case', false],
  ])('%s and %s: %s', (pattern, id, expected) => {
    expect(matchesPattern(pattern, id)).toBe(expected);
  });
});

class Trial implements ClosableTrial {
  closed = false;
  readonly noticed: Violation | undefined;

  constructor(noticed?: Violation) {
    this.noticed = noticed;
  }

  check(): void {
    if (this.noticed !== undefined) throw this.noticed;
  }

  close(): void {
    this.closed = true;
  }
}

const options: RunOptions = { concurrency: 2, caseTimeout: 1000, slow: false, known: () => false };

async function outcomeOf(run: () => Promise<void>, more: Partial<RunOptions> = {}, trial = new Trial()) {
  const cases = casesOf<Trial>((check) => check('FX-18.1-1', 'a case', run));
  const [result] = await runCases(cases, () => trial, { ...options, ...more });
  expect(trial.closed).toBe(true);
  return result?.outcome;
}

describe('a case', () => {
  it('passes, fails by its own rules, or by those that the peer broke', async () => {
    expect(await outcomeOf(async () => undefined)).toEqual({ status: 'passed' });
    expect(
      await outcomeOf(async () => {
        throw new Violation([], 'late');
      }),
    ).toEqual({ status: 'failed', rules: ['FX-18.1-1'], message: 'late' });
    expect(
      await outcomeOf(async () => {
        throw new Violation(['FX-4.1-1'], 'flags');
      }),
    ).toMatchObject({ status: 'failed', rules: ['FX-4.1-1'] });
  });

  it('fails by what was noticed beside it, whatever else it thinks', async () => {
    const trial = (): Trial => new Trial(new Violation(['FX-4.1-1'], 'flags'));
    const expected = { status: 'failed', rules: ['FX-4.1-1'], message: 'flags' };
    expect(await outcomeOf(async () => undefined, {}, trial())).toEqual(expected);
    const unlucky = async () => {
      throw new NotApplicable('not here');
    };
    expect(await outcomeOf(unlucky, {}, trial())).toEqual(expected);
    expect(await outcomeOf(unlucky)).toEqual({ status: 'not applicable', reason: 'not here' });
  });

  it('that does not end is ended', async () => {
    const never = () => new Promise<void>(() => undefined);
    expect(await outcomeOf(never, { caseTimeout: 10 })).toMatchObject({ status: 'failed' });
  });

  it('that is broken itself does not blame the peer', async () => {
    const outcome = await outcomeOf(async () => {
      throw new TypeError('oops');
    });
    expect(outcome).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('the suite itself has failed: TypeError: oops'),
    });
  });

  it('names rules that there are, and has an id of its own', () => {
    const run = async () => undefined;
    expect(() => casesOf((check) => check('FX-99.9-9', 'x', run))).toThrow('no rule FX-99.9-9');
    expect(() =>
      casesOf((check) => {
        check('FX-18.1-1', 'The same!', run);
        check('FX-18.1-1', 'the same', run);
      }),
    ).toThrow('two cases FX-18.1-1/the-same');
  });
});

describe('the reports', () => {
  const fails = (rules: string[], message: string) => async () => {
    throw new Violation(rules, message);
  };
  const cases: readonly Case<Trial>[] = casesOf<Trial>((check) => {
    check('FX-18.1-1', 'is good', async () => undefined);
    check('FX-4.1-1', 'is bad', fails([], 'a <b> & "c" \u0001'));
    check('FX-4.1-2', 'is known', fails([], 'as ever'));
    check('FX-4.1-3', 'is known and better', async () => undefined);
    check('FX-12.1-2', 'does not apply', async () => {
      throw new NotApplicable('nothing is kept');
    });
    check('FX-18.2-1', 'takes long', async () => undefined, { slow: true });
  });

  async function summary() {
    const folder = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'known');
    writeFileSync(file, '# for now\nFX-4.1-2   # all of them\n\n*better\n');
    const known = KnownFailures.read(file);
    const results = await runCases(cases, () => new Trial(), { ...options, known: (id) => known.has(id) });
    return summarize({
      side: 'server',
      subject: 'filex+tcp://h/',
      agent: 'x/1\u001b',
      duration: 1234,
      results,
    });
  }

  it('count known failures apart, and tell those that are none any more', async () => {
    const { totals, rules } = await summary();
    expect(totals).toEqual({
      passed: 2,
      failed: 1,
      knownFailures: 1,
      knownPasses: 1,
      notApplicable: 1,
      skipped: 1,
    });
    const status = (id: string) => rules.find(({ rule }) => rule.id === id)?.status;
    expect(status('FX-18.1-1')).toBe('passed');
    expect(status('FX-4.1-1')).toBe('failed');
    expect(status('FX-4.1-2')).toBe('known failure');
    expect(status('FX-12.1-2')).toBe('not applicable');
    expect(status('FX-18.2-1')).toBe('not run');
    expect(status('FX-8.3-4')).toBe('not covered');
  });

  it('as text show what a rule asks for', async () => {
    const text = textReport(await summary());
    expect(text).toContain('Failed\n\n  FX-4.1-1/is-bad\n');
    expect(text).toContain('A sender MUST set `flags` to 0');
    expect(text).toContain('Known failures\n\n  FX-4.1-2/is-known');
    expect(text).toContain('Passed, though listed as known failures\n\n  FX-4.1-3/is-known-and-better');
    expect(text).toContain('FX-12.1-2\n    nothing is kept');
    expect(text).toMatch(/2 passed, 1 failed, 1 failed as known, 1 not applicable, 1 skipped in 1\.2 s\n$/);
    expect(text).not.toContain('\u001b');
  });

  it('as JSON have every case and every rule', async () => {
    const parsed = JSON.parse(jsonReport(await summary()));
    expect(parsed.cases).toHaveLength(6);
    expect(parsed.cases[1]).toMatchObject({ id: 'FX-4.1-1/is-bad', status: 'failed', rules: ['FX-4.1-1'] });
    expect(parsed.rules.length).toBeGreaterThan(200);
    expect(parsed).toMatchObject({ side: 'server', subject: 'filex+tcp://h/', duration: 1234 });
  });

  it('as JUnit count failures that are not known', async () => {
    const xml = junitReport(await summary());
    expect(xml).toContain(
      '<testsuites name="filex-conformance" time="1.234" tests="6" failures="1" errors="0" skipped="3">',
    );
    expect(xml).toContain('<failure message="FX-4.1-1: a &lt;b&gt; &amp; &quot;c&quot; "/>');
    expect(xml).toContain('<skipped message="known failure: FX-4.1-2: as ever"/>');
    expect(xml.match(/<testsuite /g)).toHaveLength(3);
  });
});
