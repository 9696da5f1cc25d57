import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clientCases } from './cases/client/index.js';
import { clientOf } from './client/client-options.js';
import { testClient } from './session/test-client.js';
import { libraryClient } from './testing/library-client.js';

// Tried once: a server of the suite answers each request one time.
const program = ['node', join(import.meta.dirname, '../../cli/dist/bin.js'), '--retries', '0'];

const failures = ({ results }: Awaited<ReturnType<typeof testClient>>) =>
  results
    .filter(({ outcome }) => outcome.status === 'failed')
    .map(({ id, outcome }) => [id, outcome] as const);

it('finds no failure in the client of the library', async () => {
  const summary = await testClient(libraryClient, { concurrency: 8, variations: true });
  expect(failures(summary)).toEqual([]);
  expect(summary.totals.passed).toBeGreaterThan(600);
  expect(summary.results).toHaveLength(clientCases.length);
  // It speaks TLS, logs in and binds the channel: nothing about that may be passed over.
  const rules = summary.rules.filter(({ rule }) => /^FX-(2\.[12]|6\.4)-/.test(rule.id));
  const applicable = summary.results.filter(({ rules: of }) => of.some((id) => /^FX-6\.4-/.test(id)));
  expect(rules.filter(({ status }) => status === 'not applicable' || status === 'not run')).toEqual([]);
  expect(applicable.filter(({ outcome }) => outcome.status !== 'passed')).toEqual([]);
});

// `npm run conformance` runs all of them: each starts a process.
it('finds no failure in the program, in a few cases of every kind', async () => {
  const summary = await testClient(clientOf({}, program), {
    only: [
      'FX-2.1-4',
      'FX-5.1-6',
      'FX-7.1-2',
      'FX-8.4-2',
      'FX-9.3-2',
      'FX-10.2-4',
      'FX-13.2-2',
      'FX-21.1',
      '*one-bit-of-a-file*',
    ],
  });
  expect(failures(summary)).toEqual([]);
  expect(summary.totals.passed).toBeGreaterThan(30);
});
