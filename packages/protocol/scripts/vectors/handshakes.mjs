// handshakes.json: from the first byte to an open connection, or not.

import { codeNumbers } from './codes.mjs';
import {
  fresh,
  goAway,
  greeted,
  negotiated,
  peerHello,
  readerHello,
  readerOffer,
  TranscriptFile,
} from './transcript.mjs';
import { field, frame, message, PREFACE, types, u64 } from './writer.mjs';

const roles = ['client', 'server'];
const otherRole = { client: 'server', server: 'client' };
const operationId = '33'.repeat(16);
const digest = '44'.repeat(32);
const entry = { path: 'a', kind: 'file', size: 1, mtime: 2 };

export function handshakeFile() {
  const file = new TranscriptFile();
  file.prelude('client-greeted', 'A client that has sent its preface and HELLO.', fresh('client'));
  file.prelude('server-idle', 'A server that has heard nothing yet.', fresh('server'));
  file.standard();
  const stat = message('OPEN', 1, { operation: 4, operationId, path: 'a' });
  file.prelude(
    'client-draining',
    'The server has said GOAWAY; a stat is still running on stream 1.',
    file
      .after('client-open')
      .do({ action: 'open', stream: 1, operation: 'stat', operationId, path: 'a' }, { send: stat })
      .receive(message('GOAWAY', 0, { code: 0, lastStream: 1 }), {
        events: [{ event: 'goaway', code: 'OK', lastStream: 1 }],
      }),
  );
  file.prelude(
    'server-draining',
    'The server has said GOAWAY; a stat is still running on stream 1.',
    file
      .after('server-open')
      .receive(stat, { events: [{ event: 'open', stream: 1, operation: 'stat', operationId, path: 'a' }] })
      .do({ action: 'shutdown' }, { send: goAway('OK', 1) }),
  );
  for (const reader of roles) {
    file.prelude(
      `${reader}-closed`,
      'The peer has said GOAWAY with a code that is not OK.',
      file
        .after(`${reader}-open`)
        .receive(message('GOAWAY', 0, { code: codeNumbers.INTERNAL, lastStream: 0 }), {
          events: [{ event: 'goaway', code: 'INTERNAL', lastStream: 0 }],
        }),
    );
  }
  successes(file);
  offers(file);
  authentication(file);
  refusals(file);
  everyFrameInEveryState(file);
  return file;
}

function successes(file) {
  for (const reader of roles) {
    const whole = greeted(reader);
    const auth = message('AUTH', 0, { mechanism: 'ANONYMOUS' });
    const success = message('AUTH', 0, { step: 'success', principal: 'anonymous' });
    const ready = { event: 'ready', principal: 'anonymous' };
    if (reader === 'client') {
      whole.do({ action: 'authenticate', mechanism: 'ANONYMOUS' }, { send: auth });
      whole.receive(success, { events: [ready] });
    } else {
      whole.receive(auth, { events: [{ event: 'auth', mechanism: 'ANONYMOUS' }] });
      whole.do({ action: 'authenticated', principal: 'anonymous' }, { send: success, events: [ready] });
    }
    file.add(
      `${reader}/anonymous`,
      'Both greet, the client authenticates as nobody in particular.',
      ['FX-3.1-1', 'FX-3.1-2', 'FX-3.1-3', 'FX-6.1-2', 'FX-6.2-1', 'FX-6.3-1'],
      whole,
    );

    const grease = {
      versions: [0x7a7a, 1, 0x1a1a],
      capabilities: [0xdada, 0x0a0a],
      digests: [0x3a3a, 99, 1, 0],
      ...(reader === 'client' ? { mechanisms: ['X-NOBODY-KNOWS', 'ANONYMOUS', ''] } : {}),
    };
    const transcript = fresh(reader);
    const hello = peerHello(reader, grease);
    const odd = field(0xfff1, 'c0ffee');
    const payload = hello.slice(20) + odd;
    transcript.receive(PREFACE + frame(0xf0, 0, '00ff', 0x80) + frame('HELLO', 0, payload) + frame(0xff, 7), {
      events: [negotiated(reader, grease)],
      ...(reader === 'server' ? { send: PREFACE + readerHello(reader, readerOffer) } : {}),
    });
    file.add(
      `${reader}/grease`,
      'The peer lists numbers and mechanisms that nobody knows, adds an odd field, and sends frames of later types around its HELLO.',
      ['FX-6.2-9', 'FX-5.1-5', 'FX-4.2-6', 'FX-20.1-4'],
      transcript,
    );
  }

  const steps = greeted('client', readerOffer, { mechanisms: ['X-STEPS'] });
  steps
    .do(
      { action: 'authenticate', mechanism: 'X-STEPS', data: '01' },
      { send: message('AUTH', 0, { mechanism: 'X-STEPS', data: '01' }) },
    )
    .receive(message('AUTH', 0, { step: 'continue', data: '02' }), {
      events: [{ event: 'auth', data: '02' }],
    })
    .do({ action: 'authenticate', data: '03' }, { send: message('AUTH', 0, { data: '03' }) })
    .receive(message('AUTH', 0, { step: 'continue' }), { events: [{ event: 'auth' }] })
    .do({ action: 'authenticate', data: '' }, { send: message('AUTH', 0, { data: '' }) })
    .receive(message('AUTH', 0, { data: '04', step: 'success', principal: 'ann' }), {
      events: [{ event: 'ready', principal: 'ann' }],
    });
  file.add(
    'client/several-steps',
    'A mechanism that takes three steps. Data that is empty is not data that is absent.',
    ['FX-6.3-1', 'FX-6.3-2'],
    steps,
  );
  const served = greeted('server', { ...readerOffer, mechanisms: ['X-STEPS'] });
  served
    .receive(message('AUTH', 0, { mechanism: 'X-STEPS', data: '01' }), {
      events: [{ event: 'auth', mechanism: 'X-STEPS', data: '01' }],
    })
    .do({ action: 'challenge', data: '02' }, { send: message('AUTH', 0, { step: 'continue', data: '02' }) })
    .receive(message('AUTH', 0, { data: '03' }), { events: [{ event: 'auth', data: '03' }] })
    .do(
      { action: 'authenticated', principal: 'ann' },
      {
        send: message('AUTH', 0, { step: 'success', principal: 'ann' }),
        events: [{ event: 'ready', principal: 'ann' }],
      },
    );
  file.add('server/several-steps', 'A mechanism that takes two steps.', ['FX-6.3-1', 'FX-6.3-2'], served);

  file.add(
    'client/open-and-more-in-one-read',
    'What follows the last step of the handshake in the same read is judged in the state after it.',
    ['FX-2.1-2', 'FX-17.1-2'],
    file
      .after('client-authenticating')
      .receive(
        message('AUTH', 0, { step: 'success', principal: 'anonymous' }) + message('PING', 0, { token: 5 }),
        { events: [{ event: 'ready', principal: 'anonymous' }], send: message('PONG', 0, { token: 5 }) },
      ),
  );
}

function offers(file) {
  for (const reader of roles) {
    const refused = (name, description, rules, peer, code, offer = readerOffer) => {
      file.add(
        `${reader}/${name}`,
        description,
        rules,
        fresh(reader, offer).receive(PREFACE + peerHello(reader, peer), { fault: code }),
      );
    };
    refused(
      'version-other',
      'The peer speaks version 2 only.',
      ['FX-6.2-1'],
      { versions: [2] },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'version-none',
      'The peer speaks no version.',
      ['FX-6.2-1'],
      { versions: [] },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'version-grease-only',
      'The peer lists versions that nobody knows, and no other.',
      ['FX-6.2-1', 'FX-6.2-9'],
      { versions: [0x1a1a, 0x2a2a] },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'digest-other',
      'The peer computes blake3 only, the reader sha256 only.',
      ['FX-6.2-3'],
      { digests: [2] },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'digest-none',
      'The peer computes nothing.',
      ['FX-6.2-3'],
      { digests: [] },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'digest-unknown',
      'The peer computes what nobody knows.',
      ['FX-6.2-3', 'FX-6.2-9'],
      { digests: [0x3a3a, 0] },
      'VERSION_UNSUPPORTED',
    );

    // The order of judging: form, versions, digests, floors.
    refused(
      'version-before-digest',
      'No version and no digest in common, and less than the floor.',
      ['FX-6.2-1'],
      { versions: [2], digests: [2], maxStreams: 0 },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'digest-before-floors',
      'No digest in common, and less than the floor.',
      ['FX-6.2-1'],
      { digests: [2], maxStreams: 0 },
      'VERSION_UNSUPPORTED',
    );
    refused(
      'form-before-version',
      'No version in common, and a nonce that is too short.',
      ['FX-6.2-1', 'FX-5.1-3'],
      { versions: [2], nonce: '22' },
      'MESSAGE_MALFORMED',
    );

    const takes = (name, description, rules, peer, result, offer = readerOffer) =>
      file.add(`${reader}/${name}`, description, rules, greeted(reader, offer, peer, result));
    takes('version-several', 'The peer speaks versions 3, 2 and 1: 1 is in force.', ['FX-6.2-1'], {
      versions: [3, 2, 1],
    });
    const both = { ...readerOffer, digests: ['blake3', 'sha256'] };
    // The list of the client decides, whichever end the reader is.
    takes(
      'digest-order',
      'The reader prefers blake3, the peer sha256: the client decides.',
      ['FX-6.2-2', 'FX-6.2-3'],
      { digests: [1, 2] },
      { algorithm: reader === 'client' ? 'blake3' : 'sha256' },
      both,
    );
    takes(
      'digest-only-common',
      'The peer computes sha256 only.',
      ['FX-6.2-3'],
      { digests: [1] },
      { algorithm: 'sha256' },
      both,
    );
    takes(
      'digest-same-order',
      'Both prefer blake3.',
      ['FX-6.2-3'],
      { digests: [0x5a5a, 2, 1] },
      { algorithm: 'blake3' },
      both,
    );
    takes(
      'capabilities',
      'In force are those that both list.',
      ['FX-6.2-4', 'FX-6.2-9'],
      { capabilities: [0x7a7a, 9, 300] },
      { capabilities: [9] },
      { ...readerOffer, capabilities: [5, 9] },
    );
    takes('agent-absent', 'The peer does not say what it is.', ['FX-6.2-8'], { agent: undefined });
    if (reader === 'server') {
      takes(
        'mechanisms-of-a-client',
        'A client leaves mechanisms out; if it does not, nothing follows.',
        ['FX-6.2-7'],
        {
          mechanisms: ['ANONYMOUS'],
        },
      );
    } else {
      takes('mechanisms-none', 'The server offers no mechanism.', ['FX-6.2-7'], { mechanisms: [] });
    }
    const malformed = (name, description, rules, payload) =>
      file.add(
        `${reader}/${name}`,
        description,
        rules,
        fresh(reader).receive(PREFACE + frame('HELLO', 0, payload), { fault: 'MESSAGE_MALFORMED' }),
      );
    const hello = peerHello(reader).slice(20);
    malformed('hello-empty', 'A HELLO without fields.', ['FX-5.1-7'], '');
    malformed(
      'hello-unknown-even',
      'HELLO with an unknown even field.',
      ['FX-5.1-6'],
      hello + field(0xfff2, ''),
    );
    malformed(
      'hello-u64-beyond',
      'HELLO with a window of 2^53.',
      ['FX-5.2-1'],
      hello.replace(field(12, u64(10_000)), field(12, u64(2n ** 53n))),
    );
    file.add(
      `${reader}/preface-twice`,
      'A second preface is read as the header of a frame of 0x46494c45 bytes.',
      ['FX-3.1-1', 'FX-4.2-4'],
      fresh(reader).receive(PREFACE + PREFACE + peerHello(reader).slice(0, 4), { fault: 'FRAME_TOO_LARGE' }),
    );
    file.add(
      `${reader}/foreign`,
      'The peer does not speak FileX: it is sent no frame.',
      ['FX-3.2-1', 'FX-3.1-4'],
      fresh(reader).receive('0000000000000000', { fault: 'BAD_PREFACE' }),
    );
    file.add(
      `${reader}/preface-alone`,
      'A preface without HELLO: the reader waits.',
      ['FX-3.1-3'],
      fresh(reader).receive(PREFACE).receive(peerHello(reader).slice(0, 30)),
    );
  }
}

function authentication(file) {
  file.add(
    'client/no-mechanism',
    'The server offers no mechanism that the client has: it ends the connection.',
    ['FX-6.3-5'],
    greeted('client', readerOffer, { mechanisms: ['X-NOBODY-KNOWS'] }).do(
      { action: 'abort', code: 'AUTH_FAILED' },
      { send: goAway('AUTH_FAILED', 0) },
    ),
  );
  file.add(
    'client/gives-up',
    'A client gives up before it has heard anything.',
    ['FX-3.1-5'],
    file
      .after('client-greeted')
      .do({ action: 'abort', code: 'CANCELLED' }, { send: goAway('CANCELLED', 0) })
      .receive(PREFACE + peerHello('client')),
  );
  file.add(
    'client/auth-without-step',
    'AUTH of a server without `step`.',
    ['FX-6.3-4'],
    file
      .after('client-authenticating')
      .receive(message('AUTH', 0, { data: '01' }), { fault: 'MESSAGE_MALFORMED' }),
  );
  file.add(
    'client/auth-unasked',
    'AUTH of a server before the client has said it.',
    ['FX-6.1-1'],
    file
      .after('client-negotiated')
      .receive(message('AUTH', 0, { step: 'success', principal: 'a' }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/auth-success-twice',
    'Success after success.',
    ['FX-6.1-1'],
    file
      .after('client-open')
      .receive(message('AUTH', 0, { step: 'success', principal: 'a' }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/auth-continue-twice',
    'Two steps of the server in a row.',
    ['FX-6.1-1'],
    file
      .after('client-authenticating')
      .receive(message('AUTH', 0, { step: 'continue' }), { events: [{ event: 'auth' }] })
      .receive(message('AUTH', 0, { step: 'continue' }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/auth-without-principal',
    'Success need not name a principal.',
    ['FX-6.3-1'],
    file.after('client-authenticating').receive(message('AUTH', 0, { step: 'success' }), {
      events: [{ event: 'ready', principal: '' }],
    }),
  );
  file.add(
    'server/auth-twice',
    'Two steps of the client in a row.',
    ['FX-6.1-1'],
    file
      .after('server-negotiated')
      .receive(message('AUTH', 0, { mechanism: 'ANONYMOUS' }) + message('AUTH', 0, {}), {
        events: [{ event: 'auth', mechanism: 'ANONYMOUS' }],
        fault: 'STATE_VIOLATION',
      }),
  );
  file.add(
    'server/auth-again',
    'AUTH after success.',
    ['FX-6.1-1'],
    file
      .after('server-open')
      .receive(message('AUTH', 0, { mechanism: 'ANONYMOUS' }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'server/auth-unknown-mechanism',
    'The client names a mechanism that the server does not offer.',
    ['FX-6.3-3', 'FX-6.3-1'],
    file
      .after('server-negotiated')
      .receive(message('AUTH', 0, { mechanism: 'X-NOBODY-KNOWS' }), {
        events: [{ event: 'auth', mechanism: 'X-NOBODY-KNOWS' }],
      })
      .do({ action: 'abort', code: 'AUTH_FAILED' }, { send: goAway('AUTH_FAILED', 0) })
      .receive(message('AUTH', 0, { mechanism: 'ANONYMOUS' })),
  );
}

function refusals(file) {
  const refuse = (code, fields = {}) =>
    message('GOAWAY', 0, { code: codeNumbers[code], lastStream: 0, ...fields });
  for (const code of ['TOO_MANY_CONNECTIONS', 'PLAINTEXT_REFUSED', 'RATE_LIMITED', 'SHUTTING_DOWN']) {
    file.add(
      `server/refuses-${code}`,
      'A server refuses before it was greeted: its preface and a GOAWAY. What comes then is not read.',
      ['FX-6.2-10', 'FX-3.1-3'],
      file
        .after('server-idle')
        .do({ action: 'abort', code }, { send: PREFACE + refuse(code) })
        .receive(PREFACE + peerHello('server')),
    );
    file.add(
      `client/refused-${code}`,
      'A server refuses before it has greeted. It is not answered.',
      ['FX-6.2-10', 'FX-17.1-5', 'FX-17.2-1'],
      file.after('client-greeted').receive(PREFACE + refuse(code, { reason: 'later' }), {
        events: [{ event: 'goaway', code, lastStream: 0, reason: 'later' }],
      }),
    );
  }
  file.add(
    'client/auth-failed',
    'The server does not take the client for who it says.',
    ['FX-6.3-1', 'FX-17.2-1'],
    file.after('client-authenticating').receive(refuse('AUTH_FAILED'), {
      events: [{ event: 'goaway', code: 'AUTH_FAILED', lastStream: 0 }],
    }),
  );
  for (const state of [
    'client-greeted',
    'client-negotiated',
    'client-authenticating',
    'server-negotiated',
    'server-authenticating',
  ]) {
    file.add(
      `${state}/ok`,
      'GOAWAY `OK` before the connection is open ends it like any other code.',
      ['FX-17.2-6'],
      file.after(state).receive((state === 'client-greeted' ? PREFACE : '') + refuse('OK'), {
        events: [{ event: 'goaway', code: 'OK', lastStream: 0 }],
      }),
    );
  }
  for (const number of [0x10, 0x36, 0xf001, 0xffff]) {
    file.add(
      `client/unknown-code-${number.toString(16)}`,
      `GOAWAY with the code 0x${number.toString(16)}, which has no meaning here.`,
      ['FX-7.3-9', 'FX-16.1-2', 'FX-17.2-1'],
      file.after('client-open').receive(message('GOAWAY', 0, { code: number, lastStream: 0 }), {
        events: [{ event: 'goaway', code: 'UNKNOWN_CODE', lastStream: 0 }],
      }),
    );
  }
}

/** One sound frame of each type. */
function sample(name, from, stream) {
  switch (name) {
    case 'HELLO':
      return peerHello(otherRole[from]);
    case 'AUTH':
      return message(
        'AUTH',
        0,
        from === 'client' ? { mechanism: 'ANONYMOUS' } : { step: 'success', principal: 'anonymous' },
      );
    case 'OPEN':
      return message('OPEN', stream, { operation: 4, operationId, path: 'a' });
    case 'ACCEPT':
      return message('ACCEPT', stream, { offset: 0, epoch: 0 });
    case 'DATA':
      return frame('DATA', stream, 'c0ffee');
    case 'END':
      return message('END', stream, { length: 0, digest });
    case 'ACK':
      return message('ACK', stream, { offset: 0 });
    case 'ENTRY':
      return message('ENTRY', stream, { entries: [entry] });
    case 'RESULT':
      return message('RESULT', stream, { status: 0, effect: 'none' });
    case 'RESET':
      return message('RESET', stream, { code: 32, finalOffset: 0 });
    case 'CREDIT':
      return message('CREDIT', 0, { limit: 50_000 });
    case 'PING':
    case 'PONG':
      return message(name, 0, { token: 77 });
    default:
      return message('GOAWAY', 0, { code: codeNumbers.INTERNAL, lastStream: 0 });
  }
}

const senders = { OPEN: 'client', ACCEPT: 'server', ACK: 'server', ENTRY: 'server', RESULT: 'server' };

/** What the peer may send in which state of the connection, and what becomes of it; everything else is a fault. */
function everyFrameInEveryState(file) {
  const states = ['greeted', 'idle', 'negotiated', 'authenticating', 'open', 'draining', 'closed'];
  for (const reader of roles) {
    for (const state of states) {
      const prelude = `${reader}-${state}`;
      if (file.kept[prelude] === undefined) continue;
      const preface = state === 'greeted' || state === 'idle' ? PREFACE : '';
      for (const name of [...Object.keys(types), 'SKIPPED']) {
        const peer = otherRole[reader];
        // Stream 9 was never opened, except by this OPEN.
        const bytes = preface + (name === 'SKIPPED' ? frame(0xf7, 9, '00', 1) : sample(name, peer, 9));
        const transcript = file.after(prelude);
        const { expected, rules } = expectation(name, reader, state);
        transcript.receive(bytes, expected);
        file.add(
          `${prelude}/${name}`,
          name === 'SKIPPED'
            ? `A frame of type 0xf7 in *${state}*, from the ${peer}.`
            : `${name} in *${state}*, from the ${peer}.`,
          rules,
          transcript,
        );
      }
    }
  }
}

function expectation(name, reader, state) {
  const fault = (rule) => ({ expected: { fault: 'STATE_VIOLATION' }, rules: [rule] });
  const fine = (rule, expected = {}) => ({ expected, rules: [rule] });
  const running = state === 'open' || state === 'draining';
  if (state === 'closed') return fine('FX-6.1-1');
  if (name === 'SKIPPED') return { expected: {}, rules: ['FX-4.2-6', 'FX-4.2-10'] };
  if (senders[name] === reader) return fault('FX-4.1-3');
  switch (name) {
    case 'HELLO':
      if (state === 'greeted') return fine('FX-6.2-1', { events: [negotiated(reader)] });
      if (state === 'idle') {
        return fine('FX-3.1-3', {
          events: [negotiated(reader)],
          send: PREFACE + readerHello(reader, readerOffer),
        });
      }
      return fault('FX-6.1-1');
    case 'AUTH':
      if (reader === 'server' && state === 'negotiated') {
        return fine('FX-6.3-1', { events: [{ event: 'auth', mechanism: 'ANONYMOUS' }] });
      }
      if (reader === 'client' && state === 'authenticating') {
        return fine('FX-6.3-1', { events: [{ event: 'ready', principal: 'anonymous' }] });
      }
      return fault('FX-6.1-1');
    case 'GOAWAY':
      return fine('FX-17.2-1', { events: [{ event: 'goaway', code: 'INTERNAL', lastStream: 0 }] });
    case 'OPEN':
      if (state === 'open') {
        return fine('FX-7.1-1', {
          events: [{ event: 'open', stream: 9, operation: 'stat', operationId, path: 'a' }],
        });
      }
      if (state === 'draining') {
        return fine('FX-17.2-3', {
          send: message('RESULT', 9, { status: codeNumbers.SHUTTING_DOWN, retry: true, effect: 'none' }),
        });
      }
      return fault('FX-6.1-1');
    case 'PING':
      return running ? fine('FX-18.1-1', { send: message('PONG', 0, { token: 77 }) }) : fault('FX-6.1-2');
    case 'PONG':
      return fault(running ? 'FX-18.1-2' : 'FX-6.1-1');
    case 'CREDIT':
      return running ? fine('FX-13.2-1') : fault('FX-6.1-1');
    default:
      return fault(running ? 'FX-7.1-3' : 'FX-6.1-1');
  }
}
