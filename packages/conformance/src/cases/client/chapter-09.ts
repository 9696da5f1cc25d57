import { createHash } from 'node:crypto';
import type { ClientTrial } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import { content } from '../../wire/bytes.js';
import { frame } from '../../wire/encode.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { clientCasesOf } from './client-case.js';
import { give } from './endings.js';

const MiB = 1_048_576;

/** Download. */
export const chapter09 = clientCasesOf((check) => {
  for (const [what, size] of [
    ['an empty file', 0],
    ['a file of one byte', 1],
    ['a file of exactly one block', MiB],
    ['a file of one byte more than a block', MiB + 1],
    ['a file of three blocks and some', 3 * MiB + 77],
  ] as const) {
    check('get', ['FX-9.3-1', 'FX-14.1-1', 'FX-14.1-2'], `a download of ${what}`, async (trial) => {
      const { session, stream } = await trial.opened({}, { file: content(size) });
      await give(trial, session, stream);
    });
  }

  check('get', ['FX-9.2-1', 'FX-9.2-2'], 'all that ACCEPT can say', async (trial) => {
    const { session, stream } = await trial.opened();
    await give(trial, session, stream, { epoch: 0, etag: 'v1', executable: true, algorithm: 'sha256' });
  });

  check('get', 'FX-9.3-1', 'DATA of one byte each', async (trial) => {
    const { session, stream } = await trial.opened({}, { file: content(300) });
    session.send(session.acceptingFile(stream, trial.file));
    for (const byte of trial.file) session.data(stream, Buffer.of(byte));
    session.send(session.endBytes(stream, trial.file), session.resultBytes(stream, { effect: 'none' }));
    await session.expectEnd();
    await trial.expectFile();
  });

  // ------------------------------------------------------------------ bytes that are not the file

  type Lie = (session: ServerSession, stream: number, file: Buffer) => Promise<void>;
  const whole = async (
    session: ServerSession,
    stream: number,
    file: Buffer,
    end: { length?: number; digest?: Buffer },
    size = file.length,
  ): Promise<void> => {
    session.send(session.acceptingFile(stream, file, { size }));
    await session.sendData(stream, file);
    session.send(session.endBytes(stream, file, end), session.resultBytes(stream, { effect: 'none' }));
  };
  const flipped = (file: Buffer): Buffer => {
    const copy = Buffer.from(file);
    copy[file.length - 1] = (copy[file.length - 1] as number) ^ 1;
    return copy;
  };

  const lies: readonly (readonly [rules: readonly string[], what: string, lie: Lie])[] = [
    [
      ['FX-9.3-1'],
      'a digest that is not that of the bytes',
      (session, stream, file) => whole(session, stream, file, { digest: treeDigest(flipped(file)) }),
    ],
    [
      ['FX-9.3-1'],
      'one bit of a file is different',
      (session, stream, file) => whole(session, stream, flipped(file), { digest: treeDigest(file) }),
    ],
    [
      ['FX-9.3-1'],
      'a digest of zeroes',
      (session, stream, file) => whole(session, stream, file, { digest: Buffer.alloc(32) }),
    ],
    [
      ['FX-9.3-1', 'FX-14.1-1'],
      'a digest that is not a tree digest',
      (session, stream, file) => whole(session, stream, file, { digest: plainSha256(file) }),
    ],
    [
      ['FX-9.3-2'],
      'fewer bytes than announced, with their own length and digest',
      (session, stream, file) => whole(session, stream, file, {}, file.length + 1),
    ],
  ];
  for (const [rules, what, lie] of lies) {
    check('get', rules, what, async (trial) => {
      const { session, stream } = await trial.opened();
      await lie(session, stream, trial.file);
      await session.expectEnd();
      await trial.expectNoFile();
    });
  }

  check(
    'get',
    ['FX-9.3-2', 'FX-9.2-4'],
    'more bytes than announced are refused as they come',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.acceptingFile(stream, trial.file));
      session.data(stream, trial.file);
      session.data(stream, Buffer.from('x'));
      await session.expectGivenUp(stream, 'LENGTH_MISMATCH', 'STATE_VIOLATION');
      session.refuse(stream, 'CANCELLED');
      await trial.expectNoFile();
    },
  );

  check(
    'get',
    ['FX-9.3-2', 'FX-9.2-4'],
    'more bytes than announced, in one frame, with END and success',
    async (trial) => {
      const { session, stream } = await trial.opened();
      const more = content(trial.file.length + 1);
      await whole(session, stream, more, {}, trial.file.length);
      await session.expectEnd();
      await trial.expectNoFile();
    },
  );

  for (const [what, by] of [
    ['less than', -1],
    ['more than', 1],
  ] as const) {
    check('get', 'FX-9.2-5', `END says ${what} the DATA that came`, async (trial) => {
      const { session, stream } = await trial.opened();
      const { file } = trial;
      session.send(session.acceptingFile(stream, file));
      await session.sendData(stream, file);
      session.send(session.endBytes(stream, file, { length: file.length + by }));
      await session.expectFault('LENGTH_MISMATCH');
      await trial.expectNoFile();
    });
  }

  // ------------------------------------------------------------------ failures

  const half = async (trial: ClientTrial): Promise<{ session: ServerSession; stream: number }> => {
    const opened = await trial.opened();
    opened.session.send(opened.session.acceptingFile(opened.stream, trial.file));
    await opened.session.sendData(opened.stream, trial.file.subarray(0, 2500));
    return opened;
  };

  for (const code of ['NOT_FOUND', 'IS_A_DIRECTORY', 'PERMISSION_DENIED', 'PRECONDITION_FAILED']) {
    check('get', 'FX-7.3-2', `a download is refused with ${code}`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.refuse(stream, code);
      await session.expectEnd();
      await trial.expectNoFile();
    });
  }
  for (const code of ['SOURCE_CHANGED', 'IO_ERROR']) {
    check('get', ['FX-9.2-4', 'FX-9.3-1'], `${code} in the middle of a file`, async (trial) => {
      const { session, stream } = await half(trial);
      session.refuse(stream, code, { retry: true });
      await session.expectEnd();
      await trial.expectNoFile();
    });
    check('get', ['FX-9.2-4', 'FX-9.3-1'], `${code} after END`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.acceptingFile(stream, trial.file));
      await session.sendData(stream, trial.file);
      session.send(session.endBytes(stream, trial.file));
      session.refuse(stream, code);
      await session.expectEnd();
      await trial.expectNoFile();
    });
  }
  check('get', ['FX-7.3-7', 'FX-9.3-1'], 'RESET in the middle of a file', async (trial) => {
    const { session, stream } = await half(trial);
    session.reset(stream, { finalOffset: 2500 });
    await session.expectEnd();
    await trial.expectNoFile();
  });
  check('get', ['FX-17.3-2', 'FX-9.3-1'], 'the transport ends in the middle of a file', async (trial) => {
    const { session } = await half(trial);
    session.transport.end();
    await trial.expectNoFile();
  });
  check('get', ['FX-17.3-2', 'FX-9.3-1'], 'the transport ends after END', async (trial) => {
    const { session, stream } = await half(trial);
    await session.sendData(stream, trial.file.subarray(2500));
    session.send(session.endBytes(stream, trial.file));
    session.transport.end();
    await trial.expectNoFile();
  });
  check('get', ['FX-17.3-2', 'FX-9.3-1'], 'the transport is reset in the middle of a file', async (trial) => {
    const { session } = await half(trial);
    session.transport.resetNow();
    await trial.expectNoFile();
  });
  check('get', 'FX-9.3-1', 'nothing is seen under the name before all is there', async (trial) => {
    const { session, stream } = await half(trial);
    await session.barrier();
    if (trial.arrived !== undefined) throw new Violation(['FX-9.3-1'], 'half a file has its name already');
    await session.sendData(stream, trial.file.subarray(2500));
    await session.barrier();
    if (trial.arrived !== undefined)
      throw new Violation(['FX-9.3-1'], 'a file that was not verified has its name already');
    session.send(session.endBytes(stream, trial.file), session.resultBytes(stream, { effect: 'none' }));
    await session.expectEnd();
    await trial.expectFile();
  });

  // ------------------------------------------------------------------ the table

  type Wrong = (session: ServerSession, stream: number, file: Buffer) => Buffer[];
  const accepting = (session: ServerSession, stream: number, file: Buffer): Buffer =>
    session.acceptingFile(stream, file);
  const wrongs: readonly (readonly [rule: string, what: string, code: string, wrong: Wrong])[] = [
    ['FX-7.2-7', 'DATA before ACCEPT', 'STATE_VIOLATION', (s, stream, file) => [s.dataBytes(stream, file)]],
    [
      'FX-7.2-7',
      'END before ACCEPT',
      'STATE_VIOLATION',
      (s, stream) => [s.endBytes(stream, Buffer.alloc(0))],
    ],
    ['FX-7.2-7', 'success before ACCEPT', 'STATE_VIOLATION', (_, stream) => [ok(stream)]],
    [
      'FX-7.2-7',
      'ACCEPT twice',
      'STATE_VIOLATION',
      (s, stream, f) => [accepting(s, stream, f), accepting(s, stream, f)],
    ],
    [
      'FX-7.2-7',
      'success before END',
      'STATE_VIOLATION',
      (s, stream, f) => [accepting(s, stream, f), ok(stream)],
    ],
    [
      'FX-7.2-7',
      'END twice',
      'STATE_VIOLATION',
      (s, stream, f) => [
        accepting(s, stream, f),
        s.dataBytes(stream, f),
        s.endBytes(stream, f),
        s.endBytes(stream, f),
      ],
    ],
    [
      'FX-7.2-7',
      'DATA after END',
      'STATE_VIOLATION',
      (s, stream, f) => [
        accepting(s, stream, f),
        s.dataBytes(stream, f),
        s.endBytes(stream, f),
        s.dataBytes(stream, Buffer.from('x')),
      ],
    ],
    [
      'FX-7.2-7',
      'ENTRY on a download',
      'STATE_VIOLATION',
      (_, stream) => [frame('ENTRY', stream, { entries: [] })],
    ],
    [
      'FX-7.2-7',
      'ACK on a download',
      'STATE_VIOLATION',
      (_, stream) => [frame('ACK', stream, { offset: 0 })],
    ],
    [
      'FX-12.4-3',
      'ACCEPT at another offset than was asked for',
      'STATE_VIOLATION',
      (s, stream, file) => [s.acceptingFile(stream, file, { offset: 1000 })],
    ],
    [
      'FX-12.4-3',
      'ACCEPT of a download with a prefix',
      'STATE_VIOLATION',
      (s, stream, file) => [s.acceptingFile(stream, file, { prefix: Buffer.alloc(32) })],
    ],
    [
      'FX-13.2-6',
      'CREDIT for a download',
      'STATE_VIOLATION',
      (_, stream) => [frame('CREDIT', stream, { limit: 1_000_000 })],
    ],
  ];
  for (const [rule, what, code, wrong] of wrongs) {
    check('get', rule, what, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(...wrong(session, stream, trial.file));
      await session.expectFault(code);
      await trial.expectNoFile();
    });
  }

  check('get', 'FX-9.2-1', 'ACCEPT without "size"', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.acceptingFile(stream, trial.file, { size: undefined }));
    await session.expectGivenUp(stream, 'STATE_VIOLATION');
    session.refuse(stream, 'CANCELLED');
    await trial.expectNoFile('FX-9.2-1');
  });

  check('get', 'FX-9.2-2', 'ACCEPT with an algorithm that nobody asked for', async (trial) => {
    const { session, stream, open } = await trial.opened();
    const other = open.algorithm === 'blake3' ? 'sha256' : 'blake3';
    session.send(session.acceptingFile(stream, trial.file, { algorithm: other }));
    await session.sendData(stream, trial.file);
    session.send(session.endBytes(stream, trial.file), session.resultBytes(stream, { effect: 'none' }));
    await session.expectEnd();
    await trial.expectNoFile('FX-9.2-2');
  });
});

const ok = (stream: number): Buffer => frame('RESULT', stream, { status: 0, effect: 'none' });

/** What a client would compare that has not read chapter 14. */
function plainSha256(file: Buffer): Buffer {
  return createHash('sha256').update(file).digest();
}
