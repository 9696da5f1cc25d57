import { describe, expect, it } from 'vitest';
import { testClient } from './session/test-client.js';
import { brokenLoginClients } from './testing/broken/broken-login-clients.js';
import { type ClientDefects, loginClient } from './testing/broken/login-client.js';

async function failures(defects: ClientDefects, only: readonly string[], timeout = 1000) {
  const { results } = await testClient(loginClient(defects), {
    only,
    variations: true,
    timeout,
    concurrency: 4,
  });
  expect(results.length).toBeGreaterThan(0);
  return results.filter(({ outcome }) => outcome.status === 'failed');
}

// At the same time: most of it is waiting for what a broken client does not say.
describe.concurrent('a client that', () => {
  it.each(brokenLoginClients)('$title breaks $rule', async ({ rule, defects, only }) => {
    const rules = (await failures(defects, only)).flatMap(({ outcome }) =>
      outcome.status === 'failed' ? outcome.rules : [],
    );
    expect(rules).toContain(rule);
  });

  it('breaks nothing is not blamed, though it is made of what the suite is made of', async () => {
    const only = [...new Set(brokenLoginClients.flatMap((each) => each.only))];
    const blamed = await failures({}, only, 10_000);
    expect(blamed.map(({ id, outcome }) => [id, outcome])).toEqual([]);
  });
});
