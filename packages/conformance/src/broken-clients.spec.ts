import { describe, expect, it } from 'vitest';
import { testClient } from './session/test-client.js';
import { breakClient, brokenClients } from './testing/broken/broken-clients.js';

async function findings(
  breakage: Parameters<typeof breakClient>[0],
  only: readonly string[],
  timeout = 1000,
): Promise<string[]> {
  const { results } = await testClient(breakClient(breakage), {
    only,
    variations: true,
    timeout,
    concurrency: 8,
  });
  expect(results.length).toBeGreaterThan(0);
  return results.flatMap(({ outcome }) => (outcome.status === 'failed' ? outcome.rules : []));
}

describe('a client that', () => {
  it.each(brokenClients)('$title breaks $rule', async (broken) => {
    expect(await findings(broken, broken.only)).toContain(broken.rule);
  });

  const same = (): undefined => undefined;
  it.each([
    [
      'raw bytes both ways',
      {},
      brokenClients.filter(({ up, down }) => up === undefined && down === undefined),
    ],
    ['its frames', { up: same }, brokenClients.filter(({ up }) => up !== undefined)],
    ['the frames of the server', { down: same }, brokenClients.filter(({ down }) => down !== undefined)],
  ])('breaks nothing is not blamed, although a proxy passes on %s', async (_, breakage, like) => {
    const only = [...new Set(like.flatMap((each) => each.only))];
    expect(await findings(breakage, only, 10_000)).toEqual([]);
  });
});
