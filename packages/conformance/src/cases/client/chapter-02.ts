import { networkInterfaces } from 'node:os';
import { PREFACE } from '../../wire/frame.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { list, someEntries, take } from './endings.js';

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
