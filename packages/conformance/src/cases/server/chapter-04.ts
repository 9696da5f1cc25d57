import type { ServerTrial } from '../../session/server-trial.js';
import { specification } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content } from '../../wire/bytes.js';
import { dataFrame, encode, field, frame } from '../../wire/encode.js';
import { frameType, header, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { soundPayload } from '../sound-payload.js';
import { situations, startUpload } from './situations.js';

const MAX_CONTROL = specification.limits['maxControlPayload']?.cap as number;

/** Frames. */
export const chapter04 = casesOf<ServerTrial>((check) => {
  const frames = Object.entries(specification.frames);

  for (const [name, { type, scope, from }] of frames) {
    if (from === 'server' || name === 'HELLO') continue;
    for (const flags of [0x01, 0x80]) {
      if (flags === 0x80 && !['DATA', 'OPEN', 'GOAWAY'].includes(name)) continue;
      check('FX-4.1-1', `${name} with flags 0x${flags.toString(16)} is FRAME_MALFORMED`, async (trial) => {
        const session = await trial.session();
        const stream = scope === 'connection' ? 0 : name === 'OPEN' ? 1 : await startUpload(trial, session);
        session.send(rawFrame(type, stream, soundPayload(name, 'client'), { flags }));
        await session.expectFault('FRAME_MALFORMED');
      });
    }
  }

  check('FX-4.1-1', 'HELLO with flags is FRAME_MALFORMED', async (trial) => {
    const { session } = await (situations['before HELLO'] as (typeof situations)[string])(trial);
    const hello = session.helloBytes();
    hello[5] = 1;
    session.send(hello);
    await session.expectFault('FRAME_MALFORMED');
  });

  for (const [name, { type, scope }] of frames) {
    if (scope === 'both') continue;
    const stream = scope === 'connection' ? 1 : 0;
    check('FX-4.1-2', `${name} on stream ${stream} is FRAME_MALFORMED`, async (trial) => {
      const session = await trial.session();
      if (stream === 1) await startUpload(trial, session);
      session.send(rawFrame(type, stream, soundPayload(name, 'client')));
      await session.expectFault('FRAME_MALFORMED');
    });
  }

  for (const [name, { from }] of frames) {
    if (from !== 'server') continue;
    check('FX-4.1-3', `${name} from a client is STATE_VIOLATION`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.send(rawFrame(frameType(name), stream, soundPayload(name, 'client')));
      await session.expectFault('STATE_VIOLATION');
    });
  }

  check('FX-4.1-4', 'DATA is file bytes and nothing else', async (trial) => {
    const path = await trial.path('bytes');
    const session = await trial.session();
    // What would be a field, a frame or the preface anywhere else.
    const file = Buffer.concat([
      Buffer.from('46494c45580d0a1a', 'hex'),
      frame('PING', 0, { token: 1 }),
      content(9),
    ]);
    await session.upload(path, file);
    const back = await session.download(path);
    if (!back.bytes.equals(file)) throw new Violation([], 'the file came back changed');
  });

  check('FX-4.1-5', 'DATA without bytes is FRAME_MALFORMED', async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.send(dataFrame(stream, Buffer.alloc(0)));
    await session.expectFault('FRAME_MALFORMED');
  });

  // Headers alone: nothing of the payload follows.
  const headers: [string, string, (maxData: number, stream: number) => Buffer][] = [
    ['a DATA that is too long', 'FRAME_TOO_LARGE', (max, stream) => header(max + 1, 5, stream)],
    ['a PING that is too long', 'FRAME_TOO_LARGE', () => header(MAX_CONTROL + 1, frameType('PING'), 0)],
    ['an unknown type', 'FRAME_UNKNOWN', () => header(100, 0x70, 0)],
    ['flags', 'FRAME_MALFORMED', () => header(12, frameType('PING'), 0, { flags: 4 })],
    ['the wrong stream', 'FRAME_MALFORMED', () => header(12, frameType('PING'), 9)],
  ];
  for (const [what, code, bytesOf] of headers) {
    check('FX-4.2-1', `the header of a frame with ${what} is judged without its payload`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.send(bytesOf(session.server.maxDataPayload, stream));
      await session.expectFault(code);
    });
  }

  const strays: [string, string][] = [
    ['before HELLO', 'before HELLO'],
    ['before AUTH', 'before AUTH'],
    ['on a stream that was never opened', 'when nothing runs'],
  ];
  for (const [what, when] of strays) {
    check('FX-4.2-9', `DATA ${what} is judged without its payload`, async (trial) => {
      const { session } = await (situations[when] as (typeof situations)[string])(trial);
      session.send(header(100, frameType('DATA'), 1));
      await session.expectFault('STATE_VIOLATION');
    });
  }
  check('FX-4.2-9', 'a malformed frame that only a server sends is judged by its sender', async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.send(rawFrame(frameType('RESULT'), stream, Buffer.of(1, 2, 3)));
    await session.expectFault('STATE_VIOLATION');
  });
  check('FX-4.2-10', 'frames to be skipped may come between the preface and HELLO', async (trial) => {
    const { session, alive } = await (situations['before HELLO'] as (typeof situations)[string])(trial);
    for (const type of [0x80, 0xf0, 0xff]) session.send(rawFrame(type, 3, content(1000)));
    await alive();
  });

  const orders: [string, string, Buffer][] = [
    ['length before type', 'FRAME_TOO_LARGE', header(MAX_CONTROL + 1, 0x70, 0)],
    ['length before flags', 'FRAME_TOO_LARGE', header(MAX_CONTROL + 1, frameType('PING'), 0, { flags: 1 })],
    ['length before stream', 'FRAME_TOO_LARGE', header(MAX_CONTROL + 1, frameType('PING'), 3)],
    ['type before flags', 'FRAME_UNKNOWN', header(1, 0x70, 0, { flags: 1 })],
    ['an empty DATA before nothing else', 'FRAME_MALFORMED', header(0, frameType('DATA'), 0)],
  ];
  for (const [what, code, bytes] of orders) {
    check('FX-4.2-2', `a header is judged in order: ${what}`, async (trial) => {
      const session = await trial.session();
      session.send(bytes);
      await session.expectFault(code);
    });
  }

  for (const [what, extra] of [
    ['one byte', 1],
    ['a lot', 1_000_000],
  ] as const) {
    check('FX-4.2-3', `DATA longer than maxDataPayload by ${what} is FRAME_TOO_LARGE`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.send(header(session.server.maxDataPayload + extra, frameType('DATA'), stream));
      await session.expectFault('FRAME_TOO_LARGE');
    });
  }

  check('FX-4.2-3', 'the length of DATA counts before its stream is known', async (trial) => {
    const session = await trial.session();
    session.send(header(session.server.maxDataPayload + 1, frameType('DATA'), 77));
    await session.expectFault('FRAME_TOO_LARGE');
  });

  for (const type of [frameType('OPEN'), frameType('GOAWAY'), 0x80, 0xff]) {
    const name = `type 0x${type.toString(16)}`;
    check('FX-4.2-4', `${name} with 65 537 bytes is FRAME_TOO_LARGE`, async (trial) => {
      const session = await trial.session();
      session.send(header(MAX_CONTROL + 1, type, type === frameType('OPEN') ? 1 : 0));
      await session.expectFault('FRAME_TOO_LARGE');
    });
  }

  check('FX-4.2-4', 'a frame to be skipped of 65 536 bytes is skipped', async (trial) => {
    const session = await trial.session();
    session.send(rawFrame(0x99, 0, content(MAX_CONTROL)));
    await session.barrier();
  });

  check(['FX-4.2-4', 'FX-5.1-5'], 'a message of 65 536 bytes is understood', async (trial) => {
    const session = await trial.session();
    const message = encode('OPEN', { operation: 4, operationId: Buffer.alloc(16, 1) });
    const stuffing = field(0xffff, Buffer.alloc(MAX_CONTROL - message.length - 4));
    session.send(session.openingRaw('stat', Buffer.concat([message, stuffing])));
    await session.expectSuccess(1);
  });

  for (const name of ['DATA', 'PING'] as const) {
    check('FX-4.2-5', `${name} of 0xffffffff bytes is FRAME_TOO_LARGE`, async (trial) => {
      const session = await trial.session();
      const stream = name === 'DATA' ? await startUpload(trial, session) : 0;
      session.send(header(0xffff_ffff, frameType(name), stream));
      await session.expectFault('FRAME_TOO_LARGE');
    });
  }

  for (const [when, arrange] of Object.entries(situations)) {
    check(['FX-4.2-6', 'FX-20.1-1'], `types from 0x80 on are skipped ${when}`, async (trial) => {
      const { session, alive } = await arrange(trial);
      session.send(
        rawFrame(0x80, 0, Buffer.alloc(0)),
        rawFrame(0xa5, 77, content(300), { flags: 0xff }),
        rawFrame(0xff, 0xffff_ffff, frame('GOAWAY', 0, { code: 6, lastStream: 0 })),
      );
      await alive();
    });

    check('FX-4.2-7', `an unknown type below 0x80 is FRAME_UNKNOWN ${when}`, async (trial) => {
      const { session } = await arrange(trial);
      session.send(rawFrame(0x42, 0, Buffer.alloc(3)));
      await session.expectFault('FRAME_UNKNOWN');
    });
  }

  for (const type of [0x00, 0x0f, 0x7f]) {
    check('FX-4.2-7', `type 0x${type.toString(16)} is FRAME_UNKNOWN`, async (trial) => {
      const session = await trial.session();
      session.send(rawFrame(type, 0, Buffer.alloc(0)));
      await session.expectFault('FRAME_UNKNOWN');
    });
  }

  check('FX-4.2-6', 'a frame to be skipped in many pieces is skipped', async (trial) => {
    const session = await trial.session();
    await session.transport.sendEachByte(rawFrame(0xc3, 5, content(100)));
    await session.barrier();
  });

  check('FX-4.2-8', 'an END that is cut by the end of the transport commits nothing', async (trial) => {
    const path = await trial.path('cut');
    const file = content(1000);
    const session = await trial.session();
    const stream = await startUpload(trial, session, 'cut');
    session.data(stream, file);
    session.send(frame('END', stream, { length: 1000, digest: treeDigest(file) }).subarray(0, -1));
    session.transport.end();
    await session.transport.untilEnd();
    const other = await trial.session();
    await other.expectFailure(other.open('stat', { path }), 'NOT_FOUND');
  });

  check('FX-4.2-8', 'an OPEN that is cut by the end of the transport is not done', async (trial) => {
    const path = await trial.path('cut');
    const session = await trial.session();
    session.send(session.opening('makeDirectory', { path }).subarray(0, -1));
    session.transport.end();
    await session.transport.untilEnd();
    const other = await trial.session();
    await other.expectFailure(other.open('stat', { path }), 'NOT_FOUND');
  });
});
