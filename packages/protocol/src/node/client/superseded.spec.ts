import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codes } from '../../codes.js';
import { TreeDigest } from '../../wire/digest.js';
import type { Messages } from '../../wire/messages.js';
import { connect } from '../connect.js';
import { sha256Provider } from '../digests.js';
import { Deferred, failureOf } from '../testing/deferred.js';
import { type Frame, hostileServer, type RawPeer } from '../testing/raw-peer.js';
import { content } from '../testing/rig.js';
import type { ReconnectOptions, Session } from '../types.js';

const fast = { minDelay: 0, maxDelay: 1 } as const;
const bytes = content(1000);
const digest = digestOf(bytes);

function digestOf(whole: Uint8Array): Uint8Array {
  const tree = new TreeDigest(sha256Provider.create);
  tree.update(whole);
  return tree.digest();
}

type Open = Frame & Messages['OPEN'];

async function sessionWith(
  talk: (peer: RawPeer, connection: number) => Promise<void>,
  reconnect: ReconnectOptions | false,
): Promise<Session> {
  let connections = 0;
  const { url } = await hostileServer((peer) => {
    connections += 1;
    return talk(peer, connections);
  });
  const session = await connect(url, { reconnect });
  onTestFinished(() => session.destroy());
  return session;
}

/** All was committed and nobody has heard so: servers that count by themselves say so, with these epochs, one after the other. */
async function told(epochs: readonly number[], operationRetries: number) {
  const opens: Open[] = [];
  const resets: number[] = [];
  let data = 0;
  const heardAll = new Deferred();
  const session = await sessionWith(
    async (peer, connection) => {
      if (connection === 1) {
        const open = await peer.next('OPEN');
        opens.push(open);
        peer.say('ACCEPT', open.stream, { offset: 0, epoch: epochs[0] as number });
        await peer.next('END');
        return void peer.socket.destroy();
      }
      void peer.ended.then(() => {
        data = peer.count('DATA');
        peer.socket.end();
        heardAll.resolve();
      });
      for (const epoch of epochs.slice(1)) {
        const open = await peer.next('OPEN');
        opens.push(open);
        const { stream } = open;
        peer.say('ACCEPT', stream, { offset: bytes.length, epoch, prefix: digest });
        const answered = (): Frame | undefined =>
          peer.frames.find((frame) => frame.stream === stream && ['END', 'RESET'].includes(frame.name));
        const answer = await heard(peer, answered);
        if (answer.name === 'END') {
          peer.say('RESULT', stream, { status: codes.OK.number, effect: 'applied', outcome: 'created' });
          return;
        }
        resets.push(answer['code'] as number);
        peer.say('RESULT', stream, { status: codes.CANCELLED.number, effect: 'applied' });
      }
    },
    { ...fast, operationRetries },
  );
  const outcome = await session.upload(bytes, 'x').then(
    (result) => result.outcome,
    (error: unknown) => error,
  );
  await session.close();
  await heardAll.promise;
  return { opens, resets, data, outcome };
}

/** Reads on until there is what is looked for. */
async function heard(peer: RawPeer, find: () => Frame | undefined): Promise<Frame> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise<void>((resolve, reject) => {
      peer.socket.once('data', () => resolve());
      void peer.ended.then(() => reject(new Error('the client has gone')));
    });
  }
}

describe('an upload that several servers know', () => {
  it('is tried again after an epoch that is not higher, under the same id, so often and no more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }),
        fc.nat(4),
        async (plan, operationRetries) => {
          // Sooner or later one of them has counted further.
          const epochs = [...plan, 6];
          const right = epochs.findIndex((epoch, i) => i > 0 && epoch > (epochs[i - 1] as number));
          const refused = Math.min(right - 1, operationRetries + 1);
          const { opens, resets, data, outcome } = await told(epochs, operationRetries);
          if (right - 1 <= operationRetries) expect(outcome).toBe('created');
          else expect(outcome).toMatchObject({ code: 'SUPERSEDED', effect: 'unknown' });
          expect(resets).toEqual(Array.from({ length: refused }, () => codes.SUPERSEDED.number));
          expect(opens).toHaveLength(1 + refused + (outcome === 'created' ? 1 : 0));
          const ids = opens.map(({ operationId }) => Buffer.from(operationId as Uint8Array).toString('hex'));
          expect(new Set(ids).size).toBe(1);
          expect(data).toBe(0);
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  }, 60_000);

  it('fails without reconnect', async () => {
    let opens = 0;
    const session = await sessionWith(async (peer) => {
      for (;;) {
        const { stream } = await peer.next('OPEN');
        opens += 1;
        peer.say('ACCEPT', stream, { offset: bytes.length, epoch: 0, prefix: digest });
      }
    }, false);
    const options = { operationId: 'ab'.repeat(16), earlierAttempts: 1 };
    expect(await failureOf(session.upload(bytes, 'x', options))).toMatchObject({
      code: 'SUPERSEDED',
      effect: 'unknown',
    });
    expect(opens).toBe(1);
  });

  it.each(['RESULT', 'RESET'] as const)(
    'is left alone when somebody else has taken it over, by %s',
    async (how) => {
      let opens = 0;
      const session = await sessionWith(async (peer) => {
        for (;;) {
          const { stream } = await peer.next('OPEN');
          opens += 1;
          peer.say('ACCEPT', stream, { offset: 0, epoch: opens });
          if (how === 'RESULT')
            peer.say('RESULT', stream, { status: codes.SUPERSEDED.number, effect: 'unknown' });
          else peer.say('RESET', stream, { code: codes.SUPERSEDED.number, finalOffset: 0 });
        }
      }, fast);
      expect(await failureOf(session.upload(bytes, 'x'))).toMatchObject({ code: 'SUPERSEDED' });
      expect(opens).toBe(1);
    },
  );
});
