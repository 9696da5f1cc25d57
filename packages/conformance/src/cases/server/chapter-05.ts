import { type ClientSession, clientHello } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { casesOf } from '../../suite/case.js';
import { u8, u16, u64, utf8 } from '../../wire/bytes.js';
import { encode, type Fields, field, fieldsOf, joinFields, layoutOf, tagOf } from '../../wire/encode.js';
import { frameType, PREFACE, rawFrame } from '../../wire/frame.js';
import type { Loose, MessageName } from '../../wire/messages.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { startUpload } from './situations.js';

/** A place where a message of one kind is due, a sound one to change, and the proof that it was taken. */
interface Place<N extends MessageName = MessageName> {
  readonly name: N;
  readonly sound: Loose<N>;
  /** Brings the connection there; returns it with the stream that the message belongs on. */
  arrange(trial: ServerTrial): Promise<{ session: ClientSession; stream: number }>;
  /** @throws Violation unless the message was taken. Undefined where nothing would show it. */
  readonly taken?: (session: ClientSession, stream: number) => Promise<unknown>;
}

const digest = treeDigest(Buffer.alloc(0));

const onConnection = async (trial: ServerTrial) => ({ session: await trial.session(), stream: 0 });
const onUpload = async (trial: ServerTrial) => {
  const session = await trial.session();
  return { session, stream: await startUpload(trial, session) };
};

/** A server that lets nobody in without a name shows by its refusal that it has understood. */
const answerToAnonymous = (session: ClientSession): Promise<unknown> =>
  session.server.mechanisms?.includes('ANONYMOUS') === true
    ? session.receive('AUTH')
    : session.expectFault('AUTH_FAILED');

const places: readonly Place[] = [
  {
    name: 'HELLO',
    sound: clientHello(),
    arrange: async (trial) => {
      const session = await trial.fresh();
      session.send(PREFACE);
      return { session, stream: 0 };
    },
    taken: (session) => session.receive('HELLO'),
  },
  {
    name: 'AUTH',
    sound: { mechanism: 'ANONYMOUS' },
    arrange: async (trial) => ({ session: await trial.greeted(), stream: 0 }),
    taken: (session) => answerToAnonymous(session),
  },
  {
    name: 'OPEN',
    sound: { operation: 4, operationId: Buffer.alloc(16, 7) },
    arrange: async (trial) => {
      const session = await trial.session();
      session.watch(1, { operation: 4 });
      return { session, stream: 1 };
    },
    taken: (session, stream) => session.expectSuccess(stream),
  },
  {
    name: 'END',
    sound: { length: 0, digest },
    arrange: async (trial) => {
      const { session, stream } = await onUpload(trial);
      session.endBytes(stream, 0, digest); // noted, not sent
      return { session, stream };
    },
    taken: (session, stream) => session.expectSuccess(stream),
  },
  {
    name: 'RESET',
    sound: { code: 0x20, finalOffset: 0 },
    arrange: async (trial) => {
      const { session, stream } = await onUpload(trial);
      session.resetBytes(stream); // noted, not sent
      return { session, stream };
    },
    taken: (session, stream) => session.receiveAny(['RESULT', 'RESET'], stream),
  },
  { name: 'CREDIT', sound: { limit: 1 }, arrange: onConnection, taken: (session) => session.barrier() },
  { name: 'PING', sound: { token: 1 }, arrange: onConnection },
  { name: 'PONG', sound: { token: 1 }, arrange: onConnection },
  { name: 'GOAWAY', sound: { code: 0, lastStream: 0 }, arrange: onConnection },
];

/** Chapter 5: the encoding of messages. */
export const chapter05 = casesOf<ServerTrial>((check) => {
  for (const { name, sound, arrange, taken } of places) {
    const fields = fieldsOf(name, sound);
    const malformed = (rules: string | string[], title: string, payload: Buffer): void =>
      check(rules, title, async (trial) => {
        const { session, stream } = await arrange(trial);
        session.send(rawFrame(frameType(name), stream, payload));
        await session.expectFault('MESSAGE_MALFORMED');
      });

    const [first, ...others] = fields as [[number, Buffer], ...[number, Buffer][]];
    malformed('FX-5.1-1', `${name} with a field twice`, joinFields([first, first, ...others]));
    if (others.length > 0)
      malformed('FX-5.1-1', `${name} with fields out of order`, joinFields(fields.toReversed()));
    malformed('FX-5.1-2', `${name} that is cut inside a value`, joinFields(fields).subarray(0, -1));
    malformed(
      'FX-5.1-2',
      `${name} that is cut inside the header of a field`,
      Buffer.concat([joinFields(fields), u8(0xff), u8(0xff), u8(0)]),
    );
    malformed(
      'FX-5.1-2',
      `${name} with a byte after its last field`,
      Buffer.concat([joinFields(fields), u8(0)]),
    );
    malformed(
      'FX-5.1-6',
      `${name} with an unknown even field`,
      Buffer.concat([joinFields(fields), field(0xfff0, u8(1))]),
    );
    for (const { tag, name: missing, required } of layoutOf(name)) {
      if (!required) continue;
      malformed(
        'FX-5.1-7',
        `${name} without "${missing}"`,
        joinFields(fields.filter(([each]) => each !== tag)),
      );
    }
    for (const { tag, name: wide, kind } of layoutOf(name)) {
      if (!/^(u8|u16|u32|u64|i64|bytes\[\d+\])$/.test(kind)) continue;
      const value = fields.find(([each]) => each === tag)?.[1];
      if (value === undefined) continue;
      const changed = (bytes: Buffer): Fields =>
        fields.map(([each, old]) => [each, each === tag ? bytes : old] as const);
      malformed(
        'FX-5.1-3',
        `${name} with "${wide}" a byte too long`,
        joinFields(changed(Buffer.concat([value, u8(0)]))),
      );
      malformed(
        'FX-5.1-3',
        `${name} with "${wide}" a byte too short`,
        joinFields(changed(value.subarray(1))),
      );
    }
    if (taken === undefined) continue;
    for (const tag of [0xfff1, 0xffff]) {
      const title = `${name} with the unknown odd field 0x${tag.toString(16)} is taken`;
      check(['FX-5.1-5', 'FX-20.1-1'], title, async (trial) => {
        const { session, stream } = await arrange(trial);
        const payload = Buffer.concat([joinFields(fields), field(tag, Buffer.alloc(200, 0xee))]);
        session.send(rawFrame(frameType(name), stream, payload));
        await taken(session, stream);
      });
    }
    check('FX-5.1-5', `${name} with an unknown odd field before all others is taken`, async (trial) => {
      const { session, stream } = await arrange(trial);
      const payload = Buffer.concat([field(1, Buffer.alloc(0)), joinFields(fields)]);
      session.send(rawFrame(frameType(name), stream, payload));
      await taken(session, stream);
    });
  }

  /** OPEN of a stat with these fields instead, or as well. */
  const openWith = (values: Loose<'OPEN'>): Buffer =>
    encode('OPEN', { operation: 4, operationId: Buffer.alloc(16, 7), ...values });
  const malformedOpen = (rules: string | string[], title: string, values: Loose<'OPEN'>): void =>
    check(rules, title, async (trial) => {
      const session = await trial.session();
      session.send(rawFrame(frameType('OPEN'), 1, openWith(values)));
      await session.expectFault('MESSAGE_MALFORMED');
    });

  malformedOpen('FX-5.1-4', 'an empty path that is written', { path: '' });
  malformedOpen('FX-5.1-4', 'an empty target that is written', { target: '' });
  malformedOpen(['FX-5.1-3', 'FX-5.1-4'], 'a flag with the value 0', { executable: u8(0) });
  malformedOpen(['FX-5.1-3', 'FX-5.1-4'], 'a flag with the value 1', { recursive: u8(1) });
  for (const [name, width] of [
    ['size', 8],
    ['mtime', 8],
    ['ifExists', 1],
    ['algorithm', 1],
    ['offset', 8],
    ['prefix', 32],
  ] as const) {
    malformedOpen('FX-5.1-3', `OPEN with "${name}" of ${width + 1} bytes`, {
      [name]: Buffer.alloc(width + 1, 0),
    });
    malformedOpen('FX-5.1-3', `OPEN with "${name}" of ${width - 1} bytes`, {
      [name]: Buffer.alloc(width - 1, 0),
    });
  }

  malformedOpen('FX-5.2-1', 'a u64 of 2^53', { size: u64(2n ** 53n) });
  malformedOpen('FX-5.2-1', 'a u64 of 2^64-1', { size: u64(2n ** 64n - 1n) });
  malformedOpen('FX-5.2-1', 'an i64 of 2^53', { mtime: u64(2n ** 53n) });
  malformedOpen('FX-5.2-1', 'an i64 of minus 2^53', { mtime: u64(-(2n ** 53n)) });
  malformedOpen('FX-5.2-1', 'an i64 of minus 2^63', { mtime: u64(-(2n ** 63n)) });
  check('FX-5.2-1', 'the greatest u64 is taken', async (trial) => {
    const session = await trial.session();
    session.credit(0, 2 ** 53 - 1);
    await session.barrier();
  });
  check('FX-5.2-1', 'the greatest and least i64 are taken', async (trial) => {
    const session = await trial.session();
    const streams = [2 ** 53 - 1, -(2 ** 53 - 1)].map((mtime) => session.open('stat', { mtime }));
    for (const stream of streams) await session.expectSuccess(stream);
  });
  check(['FX-5.2-1', 'FX-13.2-7'], 'CREDIT with a limit of 2^53 is MESSAGE_MALFORMED', async (trial) => {
    const session = await trial.session();
    session.send(rawFrame(frameType('CREDIT'), 0, encode('CREDIT', { limit: u64(2n ** 53n) })));
    await session.expectFault('MESSAGE_MALFORMED');
  });
  check('FX-5.2-1', 'END with a length of 2^53 is MESSAGE_MALFORMED', async (trial) => {
    const { session, stream } = await onUpload(trial);
    session.send(rawFrame(frameType('END'), stream, encode('END', { length: u64(2n ** 53n), digest })));
    await session.expectFault('MESSAGE_MALFORMED');
  });

  for (const policy of [5, 255])
    malformedOpen('FX-5.2-2', `the conflict policy ${policy}`, { ifExists: u8(policy) });
  for (const algorithm of [0, 3, 255])
    malformedOpen('FX-5.2-2', `the digest algorithm ${algorithm}`, { algorithm: u8(algorithm) });
  check('FX-5.2-2', 'the authentication step 2', async (trial) => {
    const session = await trial.greeted();
    session.send(rawFrame(frameType('AUTH'), 0, encode('AUTH', { mechanism: 'ANONYMOUS', step: u8(2) })));
    await session.expectFault('MESSAGE_MALFORMED');
  });

  const noText: [string, string][] = [
    ['an overlong form', 'c080'],
    ['an overlong slash', 'e080af'],
    ['a surrogate', 'eda080'],
    ['U+110000', 'f4908080'],
    ['a sequence that is cut', '61e282'],
    ['a continuation alone', '80'],
    ['0xff', '61ff62'],
  ];
  for (const [what, hex] of noText) {
    const bytes = Buffer.from(hex, 'hex');
    malformedOpen(['FX-5.2-3', 'FX-15.1-4'], `a path with ${what}`, { path: bytes });
    check('FX-5.2-3', `agent with ${what} is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.fresh();
      session.greet({ agent: bytes });
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  check('FX-5.2-3', 'a reason that is no UTF-8 is MESSAGE_MALFORMED', async (trial) => {
    const session = await trial.session();
    const payload = encode('GOAWAY', { code: 0, lastStream: 0, reason: Buffer.of(0xff) });
    session.send(rawFrame(frameType('GOAWAY'), 0, payload));
    await session.expectFault('MESSAGE_MALFORMED');
  });
  check('FX-5.2-3', 'all of Unicode is text', async (trial) => {
    const session = await trial.session({ agent: 'ä\u0000\u{10ffff}\ufeff\u202e' });
    await session.barrier();
  });

  const hellos: [string, Loose<'HELLO'>][] = [
    ['versions of three bytes', { versions: Buffer.of(0, 1, 0) }],
    ['capabilities of one byte', { capabilities: Buffer.of(0) }],
    ['digests of five bytes', { digests: Buffer.of(0, 1, 0, 2, 0) }],
    ['a mechanism that is cut', { mechanisms: Buffer.concat([u16(5), utf8('ABC')]) }],
    ['a length of a mechanism that is cut', { mechanisms: Buffer.concat([u16(1), utf8('A'), u8(0)]) }],
    ['a mechanism of 65 bytes', { mechanisms: ['A'.repeat(65)] }],
    ['an agent of 129 bytes', { agent: 'a'.repeat(129) }],
    ['a nonce of 31 bytes', { nonce: Buffer.alloc(31) }],
    ['no nonce', { nonce: undefined }],
  ];
  for (const [what, hello] of hellos) {
    check('FX-5.2-5', `HELLO with ${what} is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.fresh();
      session.greet(hello);
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  check('FX-5.2-5', 'texts and bytes as long as they may be are taken', async (trial) => {
    const session = await trial.greeted({ agent: 'a'.repeat(128), mechanisms: ['A'.repeat(64), ''] });
    session.send(
      rawFrame(frameType('AUTH'), 0, encode('AUTH', { mechanism: 'ANONYMOUS', data: Buffer.alloc(4096) })),
    );
    await answerToAnonymous(session);
  });
  for (const [what, auth] of [
    ['data of 4097 bytes', { mechanism: 'ANONYMOUS', data: Buffer.alloc(4097) }],
    ['a mechanism of 65 bytes', { mechanism: 'A'.repeat(65) }],
    ['a principal of 256 bytes', { mechanism: 'ANONYMOUS', principal: 'a'.repeat(256) }],
  ] as [string, Loose<'AUTH'>][]) {
    check('FX-5.2-5', `AUTH with ${what} is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.greeted();
      session.send(rawFrame(frameType('AUTH'), 0, encode('AUTH', auth)));
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
  malformedOpen('FX-5.2-5', 'OPEN with "ifMatch" of 256 bytes', { ifMatch: 'x'.repeat(256) });
  check('FX-5.2-5', 'a reason of 1025 bytes is MESSAGE_MALFORMED', async (trial) => {
    const { session, stream } = await onUpload(trial);
    const payload = encode('RESET', { code: 0x20, finalOffset: 0, reason: 'x'.repeat(1025) });
    session.send(rawFrame(frameType('RESET'), stream, payload));
    await session.expectFault('MESSAGE_MALFORMED');
  });

  check(
    ['FX-5.1-8', 'FX-5.1-3'],
    'entries of listings and stat are written as they should be',
    async (trial) => {
      const folder = await trial.folder();
      const session = await trial.session();
      await session.upload(`${folder}/file`, Buffer.from('x'), { executable: true, mtime: -1_000_000 });
      await session.call('makeDirectory', { path: `${folder}/folder` });
      const { entries } = await session.list(folder);
      if (entries.length !== 2)
        throw new Violation(['FX-10.2-5'], `${entries.length} entries were listed, not 2`);
      for (const path of ['file', 'folder']) {
        const { entry } = await session.expectSuccess(session.open('stat', { path: `${folder}/${path}` }));
        if (entry === undefined) throw new Violation(['FX-11.2-1'], 'RESULT of stat has no entry');
      }
    },
  );

  for (const [index, name] of (['mechanism', 'data', 'step', 'principal'] as const).entries()) {
    if (index === 0) continue;
    check('FX-5.1-1', `AUTH with "${name}" before "mechanism" is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.greeted();
      const value = name === 'step' ? u8(0) : utf8('x');
      const payload = joinFields([
        [tagOf('AUTH', name), value],
        [tagOf('AUTH', 'mechanism'), utf8('ANONYMOUS')],
      ]);
      session.send(rawFrame(frameType('AUTH'), 0, payload));
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }
});
