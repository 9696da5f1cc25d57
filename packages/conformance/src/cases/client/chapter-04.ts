import type { ClientTrial } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import { specification } from '../../spec/specification.js';
import { encode, frame } from '../../wire/encode.js';
import { frameType, header, PREFACE, rawFrame } from '../../wire/frame.js';
import { soundPayload } from '../sound-payload.js';
import { clientCasesOf } from './client-case.js';
import { list, someEntries, take } from './endings.js';

const MAX_CONTROL = specification.limits['maxControlPayload']?.cap as number;

/** States in which a client reads frames, with how to go on honestly from there. */
const states: Readonly<
  Record<string, (trial: ClientTrial) => Promise<{ session: ServerSession; goOn: () => Promise<void> }>>
> = {
  'before HELLO': async (trial) => {
    const session = await trial.fresh();
    await session.receive('HELLO');
    session.send(PREFACE);
    const goOn = async (): Promise<void> => {
      session.send(session.helloBytes());
      await session.receive('AUTH');
      session.admit();
      await list(trial, session, (await session.opened('list')).id);
    };
    return { session, goOn };
  },
  'before success': async (trial) => {
    const session = await trial.fresh();
    await session.authenticating();
    const goOn = async (): Promise<void> => {
      session.admit();
      await list(trial, session, (await session.opened('list')).id);
    };
    return { session, goOn };
  },
  'while a listing runs': async (trial) => {
    const { session, stream } = await trial.opened();
    return { session, goOn: () => list(trial, session, stream) };
  },
  'while draining': async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.goAwayBytes());
    await session.barrier();
    session.mayOpen = false;
    return { session, goOn: () => list(trial, session, stream) };
  },
};

/** Frames. */
export const chapter04 = clientCasesOf((check) => {
  const frames = Object.entries(specification.frames);

  for (const [name, { type, scope, from }] of frames) {
    if (from === 'client' || name === 'HELLO') continue;
    for (const flags of name === 'DATA' || name === 'RESULT' ? [0x01, 0x80] : [0x01]) {
      check('ls', ['FX-4.1-1', 'FX-4.2-1'], `${name} with flags 0x${flags.toString(16)}`, async (trial) => {
        const { session, stream } = await trial.opened();
        const payload = soundPayload(name, 'server');
        session.send(header(payload.length, type, scope === 'connection' ? 0 : stream, { flags }));
        await trial.expectFault(session, 'FRAME_MALFORMED');
      });
    }
  }

  check('ls', ['FX-4.1-1', 'FX-4.2-1'], 'HELLO with flags', async (trial) => {
    const { session } = await (states['before HELLO'] as (typeof states)[string])(trial);
    session.send(header(110, frameType('HELLO'), 0, { flags: 1 }));
    await trial.expectFault(session, 'FRAME_MALFORMED');
  });

  for (const [name, { type, scope, from }] of frames) {
    if (scope === 'both' || from === 'client') continue;
    const own = scope === 'stream';
    check('ls', ['FX-4.1-2', 'FX-4.2-1'], `${name} on stream ${own ? '0' : '1'}`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(header(soundPayload(name, 'server').length, type, own ? 0 : stream));
      await trial.expectFault(session, 'FRAME_MALFORMED');
    });
  }

  // Every frame of the client is judged in every case: this one says so by itself.
  check(
    'put',
    ['FX-4.1-4', 'FX-4.1-1', 'FX-16.1-2', 'FX-20.1-2'],
    'the frames of an upload are sound',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.accept(stream);
      await take(trial, session, stream);
    },
  );

  check('ls', 'FX-4.1-3', 'OPEN from a server', async (trial) => {
    const { session } = await trial.opened();
    session.send(rawFrame(frameType('OPEN'), 2, soundPayload('OPEN', 'server')));
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  check('ls', 'FX-4.1-3', 'OPEN from a server on the stream of the client', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(rawFrame(frameType('OPEN'), stream, soundPayload('OPEN', 'server')));
    await trial.expectFault(session, 'STATE_VIOLATION');
  });

  check('get', ['FX-4.1-5', 'FX-4.2-1'], 'DATA without a byte', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.acceptingFile(stream, trial.file), header(0, frameType('DATA'), stream));
    await session.expectFault('FRAME_MALFORMED');
    await trial.expectNoFile();
  });

  // ------------------------------------------------------------------ judged by its header alone

  check('get', ['FX-4.2-3', 'FX-4.2-1'], 'DATA that is longer than the client takes', async (trial) => {
    const { session, stream } = await trial.opened();
    const length = session.client.maxDataPayload + 1;
    session.send(session.accepting(stream, { size: length, mtime: 0 }));
    session.send(header(length, frameType('DATA'), stream));
    await session.expectFault('FRAME_TOO_LARGE');
    await trial.expectNoFile();
  });

  for (const [name, { type, scope, from }] of frames) {
    if (name === 'DATA' || from === 'client') continue;
    check('ls', ['FX-4.2-4', 'FX-4.2-1'], `${name} of 65537 bytes`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(header(MAX_CONTROL + 1, type, scope === 'connection' ? 0 : stream));
      await trial.expectFault(session, 'FRAME_TOO_LARGE');
    });
  }

  check('ls', ['FX-4.2-4', 'FX-19.1-1'], 'a page of exactly 65536 bytes', async (trial) => {
    const { session, stream } = await trial.opened();
    const page = encode('ENTRY', { entries: someEntries });
    const odd = Buffer.alloc(MAX_CONTROL - page.length - 4);
    const payload = Buffer.concat([page, Buffer.from('fff1', 'hex'), Buffer.alloc(2), odd]);
    payload.writeUInt16BE(odd.length, page.length + 2);
    session.send(rawFrame(frameType('ENTRY'), stream, payload));
    await list(trial, session, stream, []);
  });

  for (const state of Object.keys(states)) {
    check('ls', ['FX-4.2-4', 'FX-4.2-6'], `an ignorable frame that is too long, ${state}`, async (trial) => {
      const { session } = await (states[state] as (typeof states)[string])(trial);
      session.send(header(MAX_CONTROL + 1, 0xf0, 0));
      await trial.expectFault(session, 'FRAME_TOO_LARGE');
    });
    check('ls', ['FX-4.2-6', 'FX-4.2-10', 'FX-20.1-4'], `ignorable frames, ${state}`, async (trial) => {
      const { session, goOn } = await (states[state] as (typeof states)[string])(trial);
      session.send(
        rawFrame(0x80, 0, Buffer.alloc(0)),
        rawFrame(0xf0, 0, Buffer.from('what is this?'), { flags: 0xff }),
        rawFrame(0xff, 0xffff_ffff, Buffer.alloc(MAX_CONTROL, 0xee)),
        rawFrame(0xa5, 1, Buffer.alloc(1000)),
      );
      await goOn();
    });
    check('ls', ['FX-4.2-7', 'FX-4.2-1'], `a frame of an unknown type, ${state}`, async (trial) => {
      const { session } = await (states[state] as (typeof states)[string])(trial);
      session.send(header(16, 0x0f, 0));
      await trial.expectFault(session, 'FRAME_UNKNOWN');
    });
  }

  for (const type of [0x00, 0x10, 0x7f]) {
    check('ls', 'FX-4.2-7', `a frame of type 0x${type.toString(16)}`, async (trial) => {
      const { session } = await trial.opened();
      session.send(header(4, type, 0));
      await trial.expectFault(session, 'FRAME_UNKNOWN');
    });
  }

  for (const type of ['RESULT', 'DATA', 'GOAWAY']) {
    check('ls', ['FX-4.2-5', 'FX-4.2-4'], `${type} of 4294967295 bytes`, async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(header(0xffff_ffff, frameType(type), type === 'GOAWAY' ? 0 : stream));
      await trial.expectFault(session, 'FRAME_TOO_LARGE');
    });
  }

  // ------------------------------------------------------------------ the order of judging

  const wrongTwice: readonly (readonly [string, number, number, number, number, string])[] = [
    ['length and type', MAX_CONTROL + 1, 0x7f, 0, 0, 'FRAME_TOO_LARGE'],
    ['length and flags', MAX_CONTROL + 1, 0x0c, 1, 0, 'FRAME_TOO_LARGE'],
    ['length and stream', MAX_CONTROL + 1, 0x0c, 0, 1, 'FRAME_TOO_LARGE'],
    ['type and flags', 4, 0x7f, 1, 0, 'FRAME_UNKNOWN'],
    ['type and stream', 4, 0x7f, 0, 9, 'FRAME_UNKNOWN'],
    ['flags and stream', 12, 0x0c, 1, 1, 'FRAME_MALFORMED'],
    ['flags and state', 12, 0x0d, 1, 0, 'FRAME_MALFORMED'],
    ['stream and message', 3, 0x0c, 0, 1, 'FRAME_MALFORMED'],
  ];
  for (const [what, length, type, flags, stream, code] of wrongTwice) {
    check('ls', ['FX-4.2-2', 'FX-4.2-1'], `a header wrong in ${what}`, async (trial) => {
      const { session } = await trial.opened();
      session.send(header(length, type, stream, { flags }));
      await trial.expectFault(session, code);
    });
  }

  check('get', 'FX-4.2-9', 'DATA is judged by state and credit before it has come', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(header(1000, frameType('DATA'), stream));
    await session.expectFault('STATE_VIOLATION');
    await trial.expectNoFile('FX-4.2-9');
  });

  check('ls', 'FX-4.2-9', 'a message that is malformed and out of place', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(rawFrame(frameType('ACCEPT'), stream, Buffer.from('0002', 'hex')));
    await trial.expectFault(session, 'MESSAGE_MALFORMED', 'STATE_VIOLATION');
  });

  // ------------------------------------------------------------------ cut frames

  check('put', 'FX-4.2-8', 'a RESULT that is cut by the end of the transport', async (trial) => {
    const { session, stream } = await trial.opened();
    await session.ended(stream);
    session.send(
      frame('RESULT', stream, { status: 0, effect: 'applied', outcome: 'created' }).subarray(0, -1),
    );
    session.transport.end();
    await session.expectEnd();
    await trial.expectFailure();
  });

  check(
    'get',
    ['FX-4.2-8', 'FX-9.3-1'],
    'a RESULT of a download that is cut by the end of the transport',
    async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.acceptingFile(stream, trial.file));
      await session.sendData(stream, trial.file);
      session.send(session.endBytes(stream, trial.file));
      session.send(frame('RESULT', stream, { status: 0, effect: 'none' }).subarray(0, -1));
      session.transport.end();
      await session.expectEnd();
      await trial.expectNoFile();
    },
  );

  check('get', 'FX-4.2-8', 'DATA that is cut by the end of the transport', async (trial) => {
    const { session, stream } = await trial.opened();
    session.send(session.acceptingFile(stream, trial.file));
    session.send(session.dataBytes(stream, trial.file).subarray(0, -1000));
    session.transport.end();
    await session.expectEnd();
    await trial.expectNoFile();
  });
});
