import { describe, expect, it } from 'vitest';
import { messageFrame } from '../../testing/frames.js';
import { greasedHello } from '../../testing/peer.js';
import { PREFACE } from '../../wire/preface.js';
import { createVerifier } from '../auth/verifier.js';
import { failureOf, Gate, turns } from '../testing/deferred.js';
import { RawPeer } from '../testing/raw-peer.js';
import { Rig } from '../testing/rig.js';
import type { Accounts } from '../types.js';

const verifier = await createVerifier('secret', 4096);
const accounts: Accounts = {
  iterations: 4096,
  verifier: async (user) => (user === 'ann' ? verifier : undefined),
};

/** A client that has said HELLO and waits to log in. */
async function arrived(rig: Rig): Promise<RawPeer> {
  const peer = await RawPeer.client(rig.port, false);
  peer.send(PREFACE, messageFrame('HELLO', 0, greasedHello));
  await peer.next('HELLO');
  return peer;
}

describe('a login', () => {
  it.each(['ann', 'bob'])('fails for %s when the nonce leaves no room for the answer', async (user) => {
    const rig = await Rig.start({ server: { accounts } });
    const start = `n,,n=${user},r=`;
    // The longest that AUTH takes.
    const data = Buffer.from(start.padEnd(4096, 'x'));
    const peer = await arrived(rig);
    peer.say('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data });
    expect(await peer.next('GOAWAY')).toMatchObject({ reason: 'the user name or the passcode is wrong' });
    expect(await rig.event('login failure')).toMatchObject({ user, reason: 'the nonce is too long' });
    const session = await rig.connect({ passcode: 'secret' }, rig.url.replace('//', '//ann@'));
    expect(session.server.principal).toBe('ann');
  });

  it('takes no place for a client that has gone meanwhile', async () => {
    const slow = new Gate();
    let asked = 0;
    const slowly: Accounts = {
      ...accounts,
      // The second time is after the proof.
      verifier: async (user) => {
        asked += 1;
        if (asked === 2) await slow.pass();
        return accounts.verifier(user);
      },
    };
    const rig = await Rig.start({ server: { serverLimits: { maxConnections: 1 }, accounts: slowly } });
    const url = rig.url.replace('//', '//ann@');
    const stop = new AbortController();
    const first = failureOf(rig.connect({ passcode: 'secret', signal: stop.signal }, url));
    await slow.reached;
    stop.abort();
    expect(await first).toMatchObject({ code: 'CANCELLED' });
    await rig.event('refused');
    slow.open();
    await turns(5);
    expect(rig.server.connections).toBe(0);
    const session = await rig.connect({ passcode: 'secret' }, url);
    expect(session.server.principal).toBe('ann');
  });
});
