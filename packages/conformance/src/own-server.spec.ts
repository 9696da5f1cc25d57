import { expect, it } from 'vitest';
import { serverCases } from './cases/server/index.js';
import { parseAddress } from './session/address.js';
import { testServer } from './session/test-server.js';
import { startOwnServer } from './testing/own-server.js';

it('finds no failure in our own server, and leaves nothing behind', async () => {
  const { port, left } = await startOwnServer();
  const warnings: string[] = [];
  const { results, totals } = await testServer(parseAddress(`filex+tcp://127.0.0.1:${port}/`), {
    onWarning: (message) => warnings.push(message),
  });
  const failed = results.filter(({ outcome }) => outcome.status === 'failed');
  expect(failed.map(({ id, outcome }) => [id, outcome])).toEqual([]);
  expect(totals.passed).toBeGreaterThan(600);
  expect(results).toHaveLength(serverCases.length);
  expect(warnings).toEqual([]);
  expect(left()).toEqual([]);
});
