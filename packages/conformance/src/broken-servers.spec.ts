import { describe, expect, it } from 'vitest';
import { parseAddress } from './session/address.js';
import { testServer } from './session/test-server.js';
import { specification } from './spec/specification.js';
import { brokenServers } from './testing/broken/broken-servers.js';
import { type Breakage, startProxy } from './testing/broken/proxy.js';
import { startOwnServer } from './testing/own-server.js';

/** The rules that are broken, by the cases that are enough to find out. */
async function findings(breakage: Breakage, only: readonly string[], timeout = 1000): Promise<string[]> {
  const { port } = await startOwnServer();
  const proxy = await startProxy(port, breakage);
  const { results } = await testServer(parseAddress(`filex+tcp://127.0.0.1:${proxy}/`), {
    only,
    timeout,
  });
  expect(results.length).toBeGreaterThan(0);
  return results.flatMap(({ outcome }) => (outcome.status === 'failed' ? outcome.rules : []));
}

describe('a server that', () => {
  it.each(brokenServers)('$title breaks chapter $chapter', async ({ chapter, only, ...breakage }) => {
    const broken = await findings(breakage, only);
    expect(broken.filter((rule) => rule.startsWith(`FX-${chapter}.`))).not.toEqual([]);
  });

  it('breaks nothing is not blamed, although there is a proxy before it', async () => {
    const only = ['FX-2', 'FX-3', 'FX-7.3-1', 'FX-8.3', 'FX-9', 'FX-13.1', 'FX-17'];
    expect(await findings({ down: () => undefined }, only, 10_000)).toEqual([]);
  });
});

it('there is one for every chapter of which something shows on a server', () => {
  const chapters = Object.keys(specification.chapters).map(Number);
  const broken = new Set(brokenServers.map(({ chapter }) => chapter));
  expect(chapters.filter((chapter) => !broken.has(chapter))).toEqual([1, 22]); // words, and an example
});
