import { bounds } from '../../bounds.js';
import type { OpenValues } from '../../session/client-session.js';
import type { Frame } from '../../session/judge-frame.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { specification } from '../../spec/specification.js';
import { casesOf } from '../../suite/case.js';
import { content, u8 } from '../../wire/bytes.js';
import { dataFrame, frame } from '../../wire/encode.js';
import { frameType, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { Violation } from '../../wire/violation.js';
import { startUpload } from './situations.js';

const digest = treeDigest(Buffer.alloc(0));
const operationId = Buffer.alloc(16, 5);
const opening = (stream: number, operation = 4): Buffer => frame('OPEN', stream, { operation, operationId });

/** Streams and operations. */
export const chapter07 = casesOf<ServerTrial>((check) => {
  const ids: [string, readonly number[]][] = [
    ['an even stream', [2]],
    ['an even stream after an odd one', [1, 4]],
    ['the same stream twice', [1, 1]],
    ['a lower stream', [5, 3]],
    ['the stream before', [0xffff_ffff, 0xffff_fffd]],
    ['the last even stream', [0xffff_fffe]],
  ];
  for (const [what, streams] of ids) {
    check('FX-7.1-1', `OPEN on ${what} is STREAM_LIMIT`, async (trial) => {
      const session = await trial.session();
      for (const stream of streams.slice(0, -1)) {
        session.send(session.opening('stat', {}, stream));
        await session.expectSuccess(stream);
      }
      session.send(opening(streams.at(-1) as number));
      await session.expectFault('STREAM_LIMIT');
    });
  }
  check('FX-7.1-1', 'stream ids may be left out', async (trial) => {
    const session = await trial.session();
    for (const stream of [7, 9, 1001, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff]) {
      session.send(session.opening('stat', {}, stream));
      await session.expectSuccess(stream);
    }
  });

  check(
    ['FX-7.1-2', 'FX-19.1-1'],
    'maxStreams streams can be open at once, and not one more',
    async (trial) => {
      const { maxStreams } = trial.facts.hello;
      if (maxStreams > bounds.streams) trial.notApplicable(`the server takes ${maxStreams} streams`);
      const folder = await trial.folder();
      const session = await trial.session();
      const streams = Array.from({ length: maxStreams }, (_, i) => 2 * i + 1);
      for (const stream of streams)
        session.send(session.opening('upload', { path: `${folder}/${stream}` }, stream));
      await session.barrier();
      for (const stream of streams) await session.receive('ACCEPT', stream);
      // One that ends makes room for one more.
      session.reset(1);
      await session.result(1);
      session.send(session.opening('upload', { path: `${folder}/1` }, 2 * maxStreams + 1));
      await session.receive('ACCEPT', 2 * maxStreams + 1);
      session.send(opening(2 * maxStreams + 3));
      await session.expectFault('STREAM_LIMIT');
    },
  );

  const strays: [string, (stream: number) => Buffer][] = [
    ['DATA', (stream) => dataFrame(stream, Buffer.from('x'))],
    ['END', (stream) => frame('END', stream, { length: 0, digest })],
    ['RESET', (stream) => frame('RESET', stream, { code: 0x20, finalOffset: 0 })],
    ['CREDIT', (stream) => frame('CREDIT', stream, { limit: 1_000_000 })],
  ];
  for (const [name, bytesOf] of strays) {
    for (const stream of [1, 2, 9]) {
      check('FX-7.1-3', `${name} on stream ${stream}, never opened, is STATE_VIOLATION`, async (trial) => {
        const session = await trial.session();
        session.send(bytesOf(stream));
        await session.expectFault('STATE_VIOLATION');
      });
    }
    const late = name === 'RESET' || name === 'CREDIT';
    for (const operation of ['stat', 'upload', 'download']) {
      const title = `${name} on the closed stream of a ${operation} is ${late ? 'ignored' : 'STATE_VIOLATION'}`;
      check('FX-7.1-4', title, async (trial) => {
        const path = await trial.path('file');
        const session = await trial.session();
        await session.upload(path, Buffer.from('abc'));
        let stream = session.nextStream;
        if (operation === 'upload') await session.upload(path, Buffer.from('abc'));
        else if (operation === 'download') await session.download(path);
        else stream = session.open('stat', { path });
        if (operation === 'stat') await session.expectSuccess(stream);
        session.send(bytesOf(stream));
        if (late) await session.barrier();
        else await session.expectFault('STATE_VIOLATION');
      });
    }
  }

  for (const [name, bytesOf] of strays) {
    const late = name === 'RESET' || name === 'CREDIT';
    const title = `${name} on a stream that was left out is ${late ? 'ignored' : 'STATE_VIOLATION'}`;
    check(['FX-7.1-1', 'FX-7.1-4'], title, async (trial) => {
      const session = await trial.session();
      session.send(session.opening('stat', {}, 9));
      await session.expectSuccess(9);
      session.send(bytesOf(5));
      if (late) await session.barrier();
      else await session.expectFault('STATE_VIOLATION');
    });
  }
  for (const name of ['RESET', 'CREDIT'] as const) {
    check('FX-7.1-4', `a malformed ${name} on a closed stream is MESSAGE_MALFORMED`, async (trial) => {
      const session = await trial.session();
      await session.expectSuccess(session.open('stat'));
      session.send(rawFrame(frameType(name), 1, Buffer.of(0, 2, 0)));
      await session.expectFault('MESSAGE_MALFORMED');
    });
  }

  check('FX-7.1-5', 'uploads that wait do not stop others', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const waiting = Array.from({ length: 5 }, (_, i) => session.open('upload', { path: `${folder}/w${i}` }));
    for (const stream of waiting) session.data(stream, content(100));
    const { outcome } = await session.upload(`${folder}/other`, content(100_000));
    if (outcome !== 'created') throw new Violation([], `the outcome of another upload is ${outcome}`);
    for (const stream of waiting) {
      session.end(stream, 100, treeDigest(content(100)));
      await session.expectSuccess(stream, { outcome: 'created' });
    }
  });
  check('FX-7.1-5', 'a failure on one stream changes nothing on others', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const good = session.open('upload', { path: `${folder}/good` });
    session.data(good, content(500));
    const bad = session.open('upload', { path: `${folder}/bad` });
    session.data(bad, content(500));
    session.end(bad, 500, digest);
    await session.expectFailure(bad, 'DIGEST_MISMATCH', 'none');
    session.end(good, 500, treeDigest(content(500)));
    await session.expectSuccess(good, { outcome: 'created' });
  });

  for (const number of [0, 8, 77, 255]) {
    check(['FX-7.2-1', 'FX-20.1-1'], `operation ${number} is answered with UNSUPPORTED`, async (trial) => {
      const session = await trial.session();
      const stream = session.open('stat', {
        operation: u8(number)[0] as number,
        path: 'a',
        size: 3,
        offset: 2,
      });
      await session.expectFailure(stream, 'UNSUPPORTED', 'none');
      await session.barrier();
    });
  }
  check('FX-7.2-2', 'DATA for an operation that is not known is STATE_VIOLATION', async (trial) => {
    const session = await trial.session();
    session.send(session.opening('stat', { operation: 99 }), dataFrame(1, Buffer.from('x')));
    await session.expectFault('STATE_VIOLATION');
  });

  /** Everything that means nothing to most operations. */
  const clutter: OpenValues = {
    target: 'some/where',
    size: 12,
    ifExists: 'overwrite',
    mtime: 1_000_000,
    executable: true,
    algorithm: 'blake3',
    recursive: true,
    parents: true,
    ifMatch: 'something',
    offset: 77,
    prefix: Buffer.alloc(32, 1),
  };
  const without = (...names: (keyof OpenValues)[]): OpenValues =>
    Object.fromEntries(Object.entries(clutter).filter(([name]) => !names.includes(name as keyof OpenValues)));
  check('FX-7.2-4', 'a stat ignores what means nothing to it', async (trial) => {
    const session = await trial.session();
    await session.expectSuccess(session.open('stat', clutter));
  });
  check('FX-7.2-4', 'a list ignores what means nothing to it', async (trial) => {
    const path = await trial.folder();
    const session = await trial.session();
    await session.expectSuccess(session.open('list', { ...clutter, path }));
  });
  check('FX-7.2-4', 'a makeDirectory ignores what means nothing to it', async (trial) => {
    const path = await trial.path('folder');
    const session = await trial.session();
    await session.expectSuccess(session.open('makeDirectory', { ...without('parents', 'mtime'), path }), {
      outcome: 'created',
    });
  });
  check('FX-7.2-4', 'a rename ignores what means nothing to it', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    await session.upload(`${folder}/a`, Buffer.from('a'));
    const values = { ...without('ifExists'), path: `${folder}/a`, target: `${folder}/b` };
    await session.expectSuccess(session.open('rename', values), { outcome: 'renamed' });
  });
  check('FX-7.2-4', 'a remove ignores what means nothing to it', async (trial) => {
    const path = await trial.path('a');
    const session = await trial.session();
    await session.upload(path, Buffer.from('a'));
    await session.expectSuccess(session.open('remove', { ...without('recursive'), path }), {
      outcome: 'removed',
    });
  });
  check('FX-7.2-4', 'an upload ignores what means nothing to it', async (trial) => {
    const path = await trial.path('a');
    const session = await trial.session();
    const values = without('size', 'ifExists', 'mtime', 'executable', 'algorithm', 'offset');
    const stream = session.open('upload', { ...values, path });
    session.end(stream, 0, digest);
    await session.expectSuccess(stream, { outcome: 'created' });
  });
  check('FX-7.2-4', 'a download ignores what means nothing to it', async (trial) => {
    const path = await trial.path('a');
    const session = await trial.session();
    await session.upload(path, Buffer.from('abc'));
    const { bytes } = await session.download(path, without('algorithm', 'ifMatch', 'offset', 'prefix'));
    if (bytes.toString() !== 'abc') throw new Violation([], 'the file did not come');
  });

  for (const mtime of [0, -1, -1_234_567_890_123_457, 1_700_000_000_123_457, 4_102_444_800_000_001]) {
    check(['FX-7.2-5', 'FX-8.3-10'], `the time ${mtime} is stored, or rounded down`, async (trial) => {
      const path = await trial.path('old');
      const session = await trial.session();
      await session.upload(path, Buffer.from('x'), { mtime });
      const { entry } = await session.expectSuccess(session.open('stat', { path }));
      const kept = entry?.mtime ?? Number.NaN;
      if (!(kept <= mtime && kept > mtime - 2_000_000))
        throw new Violation([], `${mtime} has become ${kept}`);
    });
  }

  check('FX-7.2-6', 'a digest that the client did not list is UNSUPPORTED for an upload', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ digests: [1] });
    const stream = session.open('upload', { path, algorithm: 'blake3' });
    await session.expectFailure(stream, 'UNSUPPORTED', 'none');
  });
  check('FX-7.2-6', 'a digest that the client did not list is UNSUPPORTED for a download', async (trial) => {
    const path = await trial.path('file');
    const session = await trial.session({ digests: [1] });
    await session.upload(path, Buffer.from('x'));
    await session.expectFailure(
      session.open('download', { path, algorithm: 'blake3' }),
      'UNSUPPORTED',
      'none',
    );
  });
  check('FX-7.2-6', 'a digest that the server did not list is UNSUPPORTED', async (trial) => {
    if (trial.facts.hello.digests.includes(2))
      trial.notApplicable('this server lists all that have a number');
    const path = await trial.path('file');
    const session = await trial.session({ digests: [1, 2] });
    await session.expectFailure(session.open('upload', { path, algorithm: 'blake3' }), 'UNSUPPORTED', 'none');
  });

  for (const [name, bytesOf] of strays.slice(0, 2)) {
    for (const operation of ['download', 'list', 'stat', 'makeDirectory', 'rename', 'remove']) {
      check('FX-7.2-7', `${name} on the stream of a ${operation} is STATE_VIOLATION`, async (trial) => {
        const path = await trial.path('none');
        const session = await trial.session();
        session.send(session.opening(operation, { path, target: `${path}-either` }), bytesOf(1));
        await session.expectFault('STATE_VIOLATION');
      });
    }
  }
  const wrongs: [string, (stream: number) => Buffer[]][] = [
    ['DATA after END', (s) => [frame('END', s, { length: 0, digest }), dataFrame(s, Buffer.from('x'))]],
    [
      'END after END',
      (s) => [frame('END', s, { length: 0, digest }), frame('END', s, { length: 0, digest })],
    ],
    [
      'DATA after RESET',
      (s) => [frame('RESET', s, { code: 0x20, finalOffset: 0 }), dataFrame(s, Buffer.from('x'))],
    ],
    [
      'END after RESET',
      (s) => [frame('RESET', s, { code: 0x20, finalOffset: 0 }), frame('END', s, { length: 0, digest })],
    ],
  ];
  for (const [what, framesOf] of wrongs) {
    check('FX-7.2-7', `${what} of an upload is STATE_VIOLATION`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.resetBytes(stream); // Whatever the answer to the first of them is, it is judged by chapter 8.
      session.send(...framesOf(stream));
      await session.transport.untilEnd();
      const fault = session.goAway;
      if (fault?.code !== specification.codes['STATE_VIOLATION'])
        throw new Violation([], `the answer is GOAWAY with code ${fault?.code}`);
    });
  }

  check('FX-7.3-1', 'every stream gets exactly one last word', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const streams = [
      ...['stat', 'list', 'download', 'remove', 'makeDirectory'].flatMap((operation) => [
        session.open(operation, { path: `${folder}/none` }),
        session.open(operation, { path: `${folder}/none/at/all` }),
      ]),
      session.open('rename', { path: `${folder}/none`, target: `${folder}/other` }),
    ];
    for (const stream of streams) await session.result(stream);
    await session.barrier();
    const more = session.untaken.filter((each: Frame) => each.name === 'RESULT' || each.name === 'RESET');
    if (more.length > 0) throw new Violation([], `stream ${more[0]?.stream} got another one`);
  });
  check(['FX-7.3-2', 'FX-16.1-1'], 'status is a code of the table', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    for (const operation of ['stat', 'list', 'download', 'remove'])
      await session.expectFailure(session.open(operation, { path: `${folder}/none` }), 'NOT_FOUND');
  });
  check('FX-7.3-3', 'a refusal before anything happened has the effect none', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    for (const operation of ['stat', 'list', 'download', 'remove'])
      await session.expectFailure(session.open(operation, { path: `${folder}/none` }), 'NOT_FOUND', 'none');
  });
  check('FX-7.3-3', 'what changed something does not have the effect none', async (trial) => {
    const folder = await trial.folder();
    const session = await trial.session();
    const effects = [
      await session.upload(`${folder}/a`, Buffer.from('x')),
      await session.call('rename', { path: `${folder}/a`, target: `${folder}/b` }),
      await session.call('makeDirectory', { path: `${folder}/c` }),
      await session.call('remove', { path: `${folder}/b` }),
    ];
    for (const { status, effect, outcome } of effects) {
      if (status !== 0 || effect !== 'applied')
        throw new Violation([], `status ${status}, effect ${effect}, outcome ${outcome}`);
    }
  });

  const givenUp: [string, OpenValues][] = [
    ['upload', {}],
    ['upload', { size: 5_000_000, offset: 5_000_000 }],
    ['download', {}],
    ['list', { recursive: true }],
    ['stat', {}],
    ['makeDirectory', {}],
    ['remove', {}],
  ];
  for (const [operation, values] of givenUp) {
    const how = values.offset === undefined ? '' : ' that resumes';
    check('FX-7.3-6', `RESET of a ${operation}${how} is answered with RESULT or RESET`, async (trial) => {
      const path = await trial.path('thing');
      const session = await trial.session();
      const stream = session.nextStream;
      session.send(session.opening(operation, { path, ...values }), session.resetBytes(stream));
      await session.receiveAny(['RESULT', 'RESET'], stream);
      await session.barrier();
    });
  }
  check(
    ['FX-7.3-6', 'FX-7.3-7'],
    'RESET of a download in the middle is answered, and the connection goes on',
    async (trial) => {
      const path = await trial.path('file');
      const file = content(300_000);
      const session = await trial.session({ streamWindow: 8192 });
      await session.upload(path, file);
      const stream = session.open('download', { path });
      await session.receive('DATA', stream);
      session.reset(stream);
      await session.receiveAny(['RESULT', 'RESET'], stream);
      await session.barrier();
    },
  );
  for (const code of [0x7777, 0xefff, 0xf001, 0xffff]) {
    check('FX-7.3-9', `RESET with the code 0x${code.toString(16)} is like any other`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.resetBytes(stream);
      session.send(frame('RESET', stream, { code, finalOffset: 0 }));
      await session.receiveAny(['RESULT', 'RESET'], stream);
      await session.barrier();
    });
  }
  check(['FX-7.3-10', 'FX-7.3-6'], 'RESET with OK is a failure like any other', async (trial) => {
    const path = await trial.path('running');
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.data(stream, Buffer.from('some'));
    session.reset(stream, 'OK', 4);
    const last = await session.receiveAny(['RESULT', 'RESET'], stream);
    if (last.name === 'RESULT' && last.message.status === 0) throw new Violation([], 'RESULT says success');
    await session.expectFailure(session.open('stat', { path }), 'NOT_FOUND');
  });
  for (const finalOffset of [0, 4, 2 ** 53 - 1]) {
    check('FX-7.3-8', `nothing follows from finalOffset ${finalOffset}`, async (trial) => {
      const session = await trial.session();
      const stream = await startUpload(trial, session);
      session.data(stream, Buffer.from('some'));
      session.reset(stream, 'CANCELLED', finalOffset);
      await session.receiveAny(['RESULT', 'RESET'], stream);
      await session.barrier();
    });
  }
});
