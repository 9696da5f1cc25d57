import { networkInterfaces } from 'node:os';
import type { ClientTrial } from '../../session/client-trial.js';
import { serverHello } from '../../session/server-session.js';
import { codeNumber } from '../../spec/specification.js';
import { frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { list, someEntries, take } from './endings.js';
import { somebody } from './logins.js';

/** Transport and addresses. */
export const chapter02 = clientCasesOf((check) => {
  check('ls', ['FX-2.1-2', 'FX-3.1-4'], 'a whole session that comes byte by byte', async (trial) => {
    const session = await trial.fresh();
    const { transport } = session;
    await transport.sendEachByte(Buffer.concat([PREFACE, session.helloBytes()]));
    await session.receive('AUTH');
    await transport.sendEachByte(session.admitting());
    const { id } = await session.opened('list');
    await transport.sendEachByte(session.entriesBytes(id, someEntries));
    await transport.sendEachByte(session.resultBytes(id, { effect: 'none' }));
    await session.expectEnd();
    await trial.expectSuccess();
  });

  check('ls', 'FX-2.1-2', 'a whole session of the server in one write', async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    session.send(session.admitting(), session.pingBytes());
    const { id } = await session.opened('list');
    await list(trial, session, id);
  });

  check(
    'ls',
    ['FX-2.1-4', 'FX-2.1-3'],
    'an address with filex:// is never spoken to in plaintext',
    async (trial) => {
      await trial.start({ url: (port) => `filex://127.0.0.1:${port}/folder` });
      for (const said of await trial.refuseAll()) {
        if (said.length > 0 && said[0] !== 0x16)
          throw new Violation(
            [],
            `the client began with ${said.subarray(0, 8).toString('hex')}, which is no TLS`,
          );
      }
      await trial.expectFailure();
    },
  );

  // ------------------------------------------------------------------ TLS

  const tls = { needs: 'tls' } as const;
  check(
    'ls',
    ['FX-2.1-6', 'FX-2.1-3', 'FX-2.2-5'],
    'a session inside TLS with the key of the address',
    async (trial) => {
      const { session, stream } = await trial.opened({}, { tls: {} });
      const { alpn, serverName } = session.transport.tls as { alpn: string; serverName: string };
      if (alpn !== 'filex/1') throw new Violation(['FX-2.1-6'], 'the client does not offer filex/1');
      if (serverName !== '')
        throw new Violation(['FX-2.1-6'], `the client sends the name "${serverName}", which is an address`);
      await list(trial, session, stream);
    },
    tls,
  );

  check(
    'ls',
    'FX-2.1-6',
    'the name of the host is sent',
    async (trial) => {
      const url = (port: number, fp: string): string => `filex://localhost:${port}/folder?fp=${fp}`;
      const { session, stream } = await trial.opened({}, { tls: {}, url });
      const { serverName } = session.transport.tls as { serverName: string };
      if (serverName !== 'localhost') throw new Violation([], `"${serverName}" was sent, not "localhost"`);
      await list(trial, session, stream);
    },
    tls,
  );

  check(
    'ls',
    'FX-2.1-3',
    'a server that can do no more than TLS 1.2',
    async (trial) => {
      await trial.start({ tls: { version: 'TLSv1.2' } });
      if ((await trial.dialledOrNot()) !== undefined) throw new Violation([], 'the client takes TLS 1.2');
      await trial.expectFailure();
    },
    tls,
  );

  check(
    'ls',
    'FX-2.1-6',
    'a server that speaks something else inside TLS',
    async (trial) => {
      await trial.start({ tls: { alpn: ['h2'] } });
      if ((await trial.dialledOrNot()) !== undefined)
        throw new Violation([], 'the client offers h2, or nothing');
      await trial.expectFailure();
    },
    tls,
  );

  check(
    'ls',
    'FX-2.1-6',
    'a server that does not choose filex/1 inside TLS',
    async (trial) => {
      await trial.start({ tls: { alpn: [] } });
      await expectSilentEnd(trial, 'FX-2.1-6');
    },
    tls,
  );

  check(
    'ls',
    ['FX-2.1-7', 'FX-2.2-5'],
    'the key of the address in a certificate that has run out, and is for another host',
    async (trial) => {
      const { session, stream } = await trial.opened({}, { tls: { stale: true } });
      await list(trial, session, stream);
    },
    tls,
  );

  check(
    'ls',
    'FX-2.1-7',
    'a server that nobody vouches for, and an address without its key',
    async (trial) => {
      await trial.start({ tls: {}, url: (port) => `filex://127.0.0.1:${port}/folder` });
      await expectSilentEnd(trial, 'FX-2.1-7');
    },
    tls,
  );

  for (const [what, user] of [
    ['nobody in particular', undefined],
    ['a user', somebody],
  ] as const) {
    check(
      'ls',
      ['FX-2.2-5', 'FX-2.1-7'],
      `${what}, and a server with another key than that of the address`,
      async (trial) => {
        await trial.start({ tls: { otherKey: true }, user });
        await expectSilentEnd(trial, 'FX-2.1-7');
      },
      tls,
    );
  }

  const plaintext: Readonly<Record<string, Buffer>> = {
    'the preface and HELLO': Buffer.concat([PREFACE, frame('HELLO', 0, serverHello())]),
    GOAWAY: Buffer.concat([
      PREFACE,
      frame('GOAWAY', 0, { code: codeNumber('SHUTTING_DOWN'), lastStream: 0 }),
    ]),
    'an HTTP response': Buffer.from('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
    'an alert that there is no such version': Buffer.from('15030300020246', 'hex'),
    'an alert that the handshake failed': Buffer.from('15030300020228', 'hex'),
    nothing: Buffer.alloc(0),
  };
  for (const [what, bytes] of Object.entries(plaintext)) {
    check(
      'ls',
      'FX-2.1-4',
      `a server that answers the TLS handshake with ${what}`,
      async (trial) => {
        await trial.start({ url: (port, fp) => `filex://127.0.0.1:${port}/folder?fp=${fp}` });
        const transport = await trial.dialled();
        await transport.firstByte('the TLS handshake');
        transport.send(bytes);
        transport.end();
        await transport.untilEnd();
        // Who tries in plaintext what did not work with TLS does so on another connection.
        const more = await trial.refuseAll();
        for (const said of [transport.left, ...more]) {
          if (said.length > 0 && !isTls(said))
            throw new Violation(
              [],
              `the client said ${said.subarray(0, 8).toString('hex')}, which is no TLS`,
            );
        }
        await trial.expectFailure();
      },
      tls,
    );
  }

  for (const [what, change] of [
    ['of another kind', (fp: string) => fp.replace('sha256', 'sha1')],
    ['without its kind', (fp: string) => fp.replace('sha256:', '')],
    ['that is too short', (fp: string) => fp.slice(0, -1)],
    ['that is too long', (fp: string) => `${fp}A`],
    ['that is empty', () => ''],
    ['that is nothing but its kind', () => 'sha256:'],
  ] as const) {
    check(
      'ls',
      'FX-2.2-5',
      `a fingerprint ${what} is none that a server can have`,
      async (trial) => {
        const url = (port: number, fp: string): string => `filex://127.0.0.1:${port}/folder?fp=${change(fp)}`;
        await trial.start({ tls: {}, url });
        const transport = await trial.dialledOrNot();
        if (transport !== undefined) {
          const session = trial.over(transport);
          session.greet();
          await transport.until(() => session.hears('AUTH') || transport.ended, 'the end');
          if (session.hears('AUTH')) throw new Violation([], 'the client trusts the server');
        }
        await trial.expectFailure();
      },
      { ...tls, variation: what !== 'that is too short' },
    );
  }

  const names: readonly (readonly [what: string, address: string, path: string | undefined])[] = [
    ['escapes are decoded as UTF-8', 'a%20b%25c%C3%A4', 'a b%cä'],
    ['a question mark and a number sign', 'what%3F%23', 'what?#'],
    ['a plus stays a plus', 'a+b', 'a+b'],
    ['what is not ASCII stands for itself', 'ü', 'ü'],
    ['what is decomposed stays so', 'u%CC%88', 'u\u0308'],
    ['letters keep their case', 'AbC', 'AbC'],
    ['a backslash is part of a name', 'a%5Cb', 'a\\b'],
    ['control characters are part of a name', 'a%01b%0Ac', 'a\u0001b\nc'],
    ['a folder in a folder', 'a/b', 'a/b'],
    ['an escaped slash is a slash', 'a%2Fb', 'a/b'],
    ['slashes at the beginning', '/a', 'a'],
    ['a slash at the end', 'a/', 'a'],
    ['no path is the root', '', undefined],
  ];
  for (const [what, address, path] of names) {
    const rules =
      address.includes('%') || /[+ü]|AbC/.test(address) ? ['FX-2.2-1', 'FX-15.1-1'] : ['FX-2.2-3'];
    check('ls', rules, `the path of an address: ${what}`, async (trial) => {
      const { session, stream, open } = await trial.opened({}, { path: address });
      if (open.path !== path)
        throw new Violation([], `${JSON.stringify(open.path)} was asked for, not ${JSON.stringify(path)}`);
      await list(trial, session, stream);
    });
  }

  check('put', ['FX-2.2-1', 'FX-15.1-1'], 'the path of an address: where an upload goes', async (trial) => {
    const { session, stream, open } = await trial.opened({}, { path: 'A%20u%CC%88%5C%01' });
    if (open.path !== 'A u\u0308\\\u0001')
      throw new Violation([], `the upload is for ${JSON.stringify(open.path)}`);
    await take(trial, session, stream);
  });

  check('ls', 'FX-2.2-2', 'an IPv6 address in brackets is understood', async (trial) => {
    const families = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ family }) => family));
    if (!families.includes('IPv6')) trial.notApplicable('this machine has no IPv6');
    await trial.start({ url: (port) => `filex+tcp://[::ffff:127.0.0.1]:${port}/folder` });
    const session = trial.over(await trial.dialled());
    await session.handshake();
    const { id } = await session.opened('list');
    await list(trial, session, id);
  });

  check('ls', 'FX-2.2-4', 'an address with a secret is refused, without showing it', async (trial) => {
    await trial.start({ url: (port) => `filex+tcp://me:open-sesame@127.0.0.1:${port}/folder` });
    await trial.refuseAll();
    const ending = await trial.expectFailure();
    if (trial.connections > 0) throw new Violation([], 'the client connects all the same');
    if (ending.output?.includes('open-sesame') === true)
      throw new Violation([], 'the client shows the secret');
  });

  const refused: readonly (readonly [rule: string, what: string, rest: (port: number) => string])[] = [
    ['FX-2.2-5', 'an unknown parameter', (port) => `127.0.0.1:${port}/folder?speed=high`],
    ['FX-2.2-1', 'a % before no two digits', (port) => `127.0.0.1:${port}/100%`],
    ['FX-2.2-1', 'bytes that are no UTF-8', (port) => `127.0.0.1:${port}/a%ff`],
    ['FX-2.2-1', 'a fragment', (port) => `127.0.0.1:${port}/a#b`],
    ['FX-2.2-5', 'a parameter beside fp', (port) => `127.0.0.1:${port}/a?fp=sha256:${'A'.repeat(43)}&x=y`],
    ['FX-2.2-2', 'the port 65536', () => '127.0.0.1:65536/a'],
    ['FX-2.2-2', 'the port 0', () => '127.0.0.1:0/a'],
  ];
  for (const [rule, what, rest] of refused) {
    check('ls', rule, `an address with ${what} is refused`, async (trial) => {
      await trial.start({ url: (port) => `filex+tcp://${rest(port)}` });
      await trial.refuseAll();
      await trial.expectFailure();
      if (trial.connections > 0) throw new Violation([], 'the client connects all the same');
    });
  }
});

/** The client ends the connection before it has said anything of FileX inside TLS, and says that it has failed. */
async function expectSilentEnd(trial: ClientTrial, rule: string): Promise<void> {
  const transport = await trial.dialledOrNot();
  if (transport !== undefined) {
    await transport.until(() => transport.received > 0 || transport.ended, 'the end of the transport');
    if (transport.received > 0) throw new Violation([rule], 'the client speaks FileX to it');
    transport.end();
  }
  await trial.expectFailure();
}

/** Whether bytes are records of TLS, the last one perhaps cut. */
function isTls(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; ) {
    const type = bytes[at] as number;
    if (type < 0x14 || type > 0x17 || (at + 1 < bytes.length && bytes[at + 1] !== 3)) return false;
    if (at + 5 > bytes.length) return true;
    at += 5 + bytes.readUInt16BE(at + 3);
  }
  return true;
}
