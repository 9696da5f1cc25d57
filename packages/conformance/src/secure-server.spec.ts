import { expect, it } from 'vitest';
import { Credentials } from './login/credentials.js';
import { parseAddress } from './session/address.js';
import { testServer } from './session/test-server.js';
import { startSecureServer, users } from './testing/secure-server.js';

const [user, secondUser] = users.map((each) => new Credentials(each.user, each.passcode));

// The other chapters have nothing to do with it: they are run in plaintext, in own-server.spec.ts.
const only = ['FX-2.1-3', 'FX-2.1-5', 'FX-2.1-6', 'FX-3.2', 'FX-6', 'FX-8.5', 'FX-12.1', 'FX-17.1-1'];

it.each([
  ['inside TLS', 'filex', 150],
  ['in plaintext', 'filex+tcp', 50],
])('finds no failure in the server of the library with users, %s', async (_, scheme, least) => {
  const { port } = await startSecureServer();
  const { results, totals } = await testServer(parseAddress(`${scheme}://127.0.0.1:${port}/`), {
    user,
    secondUser,
    only: scheme === 'filex' ? only : ['FX-2.1', 'FX-6.3', 'FX-6.4'],
  });
  const failed = results.filter(({ outcome }) => outcome.status === 'failed');
  expect(failed.map(({ id, outcome }) => [id, outcome])).toEqual([]);
  expect(totals.passed).toBeGreaterThan(least);
  // It gives receipts: nothing about them may be passed over.
  const receipts = results.filter(({ id }) => id.startsWith('FX-8.5-'));
  expect(receipts.map(({ outcome }) => outcome.status)).toEqual(receipts.map(() => 'passed'));
  const skipped = results.filter(({ outcome }) => outcome.status === 'skipped');
  expect(
    skipped.filter(({ outcome }) => !('reason' in outcome && outcome.reason.includes('--slow'))),
  ).toEqual([]);
});
