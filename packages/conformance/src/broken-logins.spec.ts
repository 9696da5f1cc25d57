import { describe, expect, it } from 'vitest';
import { Credentials } from './login/credentials.js';
import { parseAddress } from './session/address.js';
import { testServer } from './session/test-server.js';
import { brokenLogins } from './testing/broken/broken-logins.js';
import { type FrontDefects, startFront } from './testing/broken/login-front.js';
import { startOwnServer } from './testing/own-server.js';
import { users } from './testing/secure-server.js';

const [user, secondUser] = users.map((each) => new Credentials(each.user, each.passcode));

/** The rules that are broken, by the cases that are enough to find out. */
async function findings(defects: FrontDefects, only: readonly string[], timeout = 1000): Promise<string[]> {
  const own = await startOwnServer();
  const { port, key } = await startFront(own.port, defects);
  const { results } = await testServer(parseAddress(`filex://127.0.0.1:${port}/?fp=${key.fingerprint}`), {
    user,
    secondUser,
    only,
    timeout,
    loginDelay: 0,
  });
  expect(results.length).toBeGreaterThan(0);
  return results.flatMap(({ outcome }) => (outcome.status === 'failed' ? outcome.rules : []));
}

describe('a server with users that', () => {
  it.each(brokenLogins)('$title breaks $rule', async ({ rule, defects, only }) => {
    expect(await findings(defects, only)).toContain(rule);
  });

  it('breaks nothing is not blamed, although another one answers in its place', async () => {
    const rules = brokenLogins.flatMap(({ only }) => only).filter((each) => each !== 'FX-12.1-1');
    expect(await findings({}, [...new Set(rules)], 10_000)).toEqual([]);
  });
});
