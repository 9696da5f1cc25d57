import * as net from 'node:net';
import * as tls from 'node:tls';
import fc from 'fast-check';
import { it, vi } from 'vitest';
import { FilexError } from '../../errors.js';
import { messageFrame } from '../../testing/frames.js';
import { greasedHello } from '../../testing/peer.js';
import { PREFACE } from '../../wire/preface.js';
import { createVerifier } from '../auth/verifier.js';
import { turns } from '../testing/deferred.js';
import { Rig } from '../testing/rig.js';
import { testKeys } from '../testing/tls-keys.js';
import type { Accounts } from '../types.js';

vi.mock('../bounds.js', async (original) => ({
  ...(await original<typeof import('../bounds.js')>()),
  LINGER_TIMEOUT: 50,
}));

const verifier = await createVerifier('secret', 4096);
const hello = messageFrame('HELLO', 0, greasedHello);
const said = [
  Buffer.alloc(0),
  Buffer.from('F'),
  Buffer.from([0x16]),
  Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]),
  Buffer.from(PREFACE),
  Buffer.concat([PREFACE, hello]),
  Buffer.concat([PREFACE, hello, messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' })]),
  Buffer.concat([
    PREFACE,
    hello,
    messageFrame('AUTH', 0, { mechanism: 'SCRAM-SHA-256', data: Buffer.from('n,,n=ann,r=abc') }),
  ]),
  Buffer.concat([
    PREFACE,
    hello,
    messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }),
    messageFrame('GOAWAY', 0, { code: 0, lastStream: 0 } as never),
  ]),
  Buffer.concat([
    PREFACE,
    hello,
    messageFrame('AUTH', 0, {
      mechanism: 'SCRAM-SHA-256',
      data: Buffer.from('n,,n=ann,r='.padEnd(4096, 'x')),
    }),
  ]),
  Buffer.from('GET / HTTP/1.1\r\n\r\n'),
];
/** Somebody who arrives, says something, and goes in an odd way at an odd moment. */
const attacks = fc.array(
  fc.record({
    secure: fc.boolean(),
    what: fc.constantFrom(...said),
    shakesHands: fc.boolean(),
    wait: fc.nat(12),
    how: fc.constantFrom('end', 'destroy', 'reset', 'disconnect'),
    from: fc.constantFrom('127.0.0.1', '127.0.0.2'),
  }),
  { minLength: 1, maxLength: 14 },
);
type Attack = (typeof attacks extends fc.Arbitrary<infer T> ? T : never) extends (infer A)[] ? A : never;

async function run({ secure, what, shakesHands, wait, how, from }: Attack, rig: Rig): Promise<void> {
  const raw = net.connect({ host: '127.0.0.1', port: rig.port, localAddress: from, allowHalfOpen: true });
  raw.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => raw.once('close', () => resolve()));
  await Promise.race([closed, once(raw, 'connect')]);
  const socket = secure ? tls.connect({ socket: raw, rejectUnauthorized: false }) : raw;
  socket.on('error', () => undefined);
  socket.on('data', () => undefined);
  if (secure && shakesHands) await Promise.race([closed, once(socket, 'secureConnect')]);
  if (!socket.destroyed) socket.write(what);
  await turns(wait);
  if (how === 'disconnect') rig.server.disconnect(() => true, new FilexError('SHUTTING_DOWN'));
  if (how === 'end') socket.end();
  else if (how === 'destroy') socket.destroy();
  else raw.resetAndDestroy();
  await turns(2);
  raw.destroy();
  await closed;
}

function once(socket: net.Socket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}

async function empty(rig: Rig): Promise<void> {
  for (const until = performance.now() + 3000; rig.server.connections > 0; ) {
    if (performance.now() > until)
      throw new Error(`${rig.server.connections} connections have kept their place`);
    await turns();
  }
}

// Only Linux has another address of this machine without being told.
it.skipIf(process.platform !== 'linux')(
  'gives every place back, however those end that had one',
  async () => {
    const accounts: Accounts = {
      iterations: 4096,
      verifier: async (user) => {
        await turns(3);
        return user === 'ann' ? verifier : undefined;
      },
    };
    const serverLimits = {
      ...{ maxConnections: 3, maxHandshakes: 6, maxConnectionsPerAddress: 8 },
      ...{ loginFailuresBeforeBan: 1000, loginFailuresBeforeDelay: 1000 },
    };
    const server = { tls: testKeys.own, anonymous: true, accounts, serverLimits };
    const rig = await Rig.start({ server });
    const trust = { verify: () => undefined };
    await fc.assert(
      fc.asyncProperty(attacks, async (all) => {
        await Promise.all(all.map((attack) => run(attack, rig)));
        await empty(rig);
        const url = `filex://ann@127.0.0.1:${rig.port}/`;
        const honest = [1, 2, 3].map(() => rig.connect({ passcode: 'secret', trust }, url));
        for (const session of await Promise.all(honest)) session.destroy();
        await empty(rig);
      }),
      { numRuns: 30 },
    );
  },
);
