import { frame } from '../../wire/encode.js';
import { PREFACE } from '../../wire/frame.js';
import { clientCasesOf } from './client-case.js';

/** Preface. */
export const chapter03 = clientCasesOf((check) => {
  check(
    'ls',
    ['FX-3.1-1', 'FX-3.1-2'],
    'preface and HELLO come without waiting for the server',
    async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      await session.expectSilence();
    },
  );

  check('ls', ['FX-3.1-4', 'FX-3.2-1'], 'one wrong byte is enough', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.send(Buffer.from('X'));
    await session.expectNoAnswer('FX-3.2-1');
    await trial.expectFailure();
  });

  for (let at = 1; at < PREFACE.length; at += 1) {
    check(
      'ls',
      ['FX-3.1-4', 'FX-3.2-1'],
      `a preface that is wrong in byte ${at + 1}`,
      async (trial) => {
        const session = await trial.fresh();
        await session.receive('HELLO');
        const damaged = Buffer.from(PREFACE.subarray(0, at + 1));
        damaged[at] = (damaged[at] as number) ^ 0x20;
        session.send(damaged);
        await session.expectNoAnswer('FX-3.2-1');
        await trial.expectFailure();
      },
      { variation: at > 1 && at < PREFACE.length - 1 },
    );
  }

  const foreign: Readonly<Record<string, Buffer>> = {
    'an HTTP server': Buffer.from('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'),
    'an SSH server': Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
    'a TLS server': Buffer.from('15030300020246', 'hex'),
    'a mail server': Buffer.from('220 mail.example ESMTP ready\r\n'),
    'a text': Buffer.from('FILEX is not spoken here\n'),
    'a preface with line ends changed': Buffer.from('46494c45580a1a0a0a', 'hex'),
    zeroes: Buffer.alloc(4096),
  };
  for (const [who, bytes] of Object.entries(foreign)) {
    check('ls', 'FX-3.2-1', `${who} is sent nothing in answer`, async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      session.send(bytes);
      await session.expectNoAnswer('FX-3.2-1');
      await trial.expectFailure();
    });
    check(
      'ls',
      'FX-3.2-3',
      `${who}, byte by byte`,
      async (trial) => {
        const session = await trial.fresh();
        await session.receive('HELLO');
        await session.transport.sendEachByte(bytes.subarray(0, 16));
        await session.expectNoAnswer('FX-3.2-1');
        await trial.expectFailure();
      },
      { variation: who !== 'an HTTP server' },
    );
  }

  check('ls', 'FX-3.2-1', 'a server that ends the transport without a word', async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.transport.end();
    await session.expectNoAnswer('FX-3.2-1');
    await trial.expectFailure();
  });

  check('ls', 'FX-3.1-1', 'a second preface is no frame', async (trial) => {
    const { session } = await trial.opened();
    // As a header: 1 179 208 773 bytes of the type 0x58.
    session.send(PREFACE, Buffer.alloc(2));
    await trial.expectFault(session, 'FRAME_TOO_LARGE');
  });

  check('ls', 'FX-3.1-3', 'a server that refuses at once, before it has read anything', async (trial) => {
    const session = await trial.fresh();
    session.send(PREFACE, frame('GOAWAY', 0, { code: 0x0e, lastStream: 0, reason: 'full' }));
    // A client that hears of it before it has spoken need not speak.
    await session.expectNoAnswer('FX-17.1-5');
    await trial.expectFailure();
  });
});
