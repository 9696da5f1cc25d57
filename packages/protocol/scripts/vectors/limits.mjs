// limits.json: every limit, at it and one beyond.
import {
  fresh,
  greeted,
  negotiated,
  peerHello,
  readerHello,
  readerOffer,
  TranscriptFile,
} from './transcript.mjs';
import { data, header, message, PREFACE, types } from './writer.mjs';

const operationId = '33'.repeat(16);
const roles = ['client', 'server'];
const MAX = Number.MAX_SAFE_INTEGER;

/** Floor, standard, cap, unit; typed from PROTOCOL.md. */
const table = {
  maxDataPayload: [4096, 1_048_576, 16_777_216, 'bytes'],
  maxControlPayload: [65_536, 65_536, 65_536, 'bytes'],
  maxStreams: [1, 256, 65_536, 'count'],
  initialStreamWindow: [8192, 262_144, 67_108_864, 'bytes'],
  maxStreamWindow: [8192, 4_194_304, 67_108_864, 'bytes'],
  initialConnectionWindow: [8192, 262_144, 268_435_456, 'bytes'],
  maxConnectionWindow: [8192, 8_388_608, 268_435_456, 'bytes'],
  maxPathBytes: [4096, 4096, 4096, 'bytes'],
  maxSegmentBytes: [255, 255, 255, 'bytes'],
  maxUnansweredPings: [32, 32, 1024, 'count'],
  handshakeTimeout: [1, 10_000, 120_000, 'ms'],
  keepaliveInterval: [1, 20_000, 3_600_000, 'ms'],
  keepaliveTimeout: [1, 20_000, 3_600_000, 'ms'],
};

/** Which field of HELLO offers which limit. */
const offered = {
  maxDataPayload: 'maxDataPayload',
  maxStreams: 'maxStreams',
  initialStreamWindow: 'streamWindow',
  initialConnectionWindow: 'connectionWindow',
};

export function limitFile() {
  const file = new TranscriptFile();
  file.standard();
  for (const [limit, [floor, standard, cap, unit]] of Object.entries(table)) {
    file.vectors.push({
      name: `value/${limit}`,
      description: `What ${limit} may be configured to.`,
      rules: ['FX-19.1-1'],
      limit,
      floor,
      standard,
      cap,
      unit,
      beyond: [floor - 1, cap + 1],
    });
  }
  for (const reader of roles) {
    for (const [limit, field] of Object.entries(offered)) {
      const [floor, , cap] = table[limit];
      for (const [name, value, what] of [
        ['floor', floor, 'the least that every end takes'],
        ['cap', cap, 'the cap'],
        ['beyond-cap', cap + 1, 'more than the cap, which is no fault'],
        [
          'highest',
          field.endsWith('Window') ? MAX : 0xffff_ffff,
          'the highest number of its kind, which is no fault',
        ],
      ]) {
        file.add(
          `${reader}/offer/${limit}-${name}`,
          `The peer offers \`${field}\` ${value}: ${what}.`,
          name.startsWith('beyond') || name === 'highest' ? ['FX-6.2-5', 'FX-19.1-2'] : ['FX-6.2-5'],
          greeted(reader, readerOffer, { [field]: value }),
          { limit },
        );
      }
      for (const value of [floor - 1, 0]) {
        if (value === 0 && floor === 1 && value !== floor - 1) continue;
        file.add(
          `${reader}/offer/${limit}-${value}`,
          `The peer offers \`${field}\` ${value}: less than the floor.`,
          ['FX-6.2-5'],
          fresh(reader).receive(PREFACE + peerHello(reader, { [field]: value }), {
            fault: 'MESSAGE_MALFORMED',
          }),
          { limit },
        );
        if (floor === 1) break;
      }
    }
  }
  frames(file);
  paths(file);
  streams(file);
  windows(file);
  pings(file);
  timers(file);
  return file;
}

const open = (stream, fields = {}) =>
  message('OPEN', stream, { operation: 4, operationId, path: 'a', ...fields });
const opened = (stream, fields = {}) => ({
  event: 'open',
  stream,
  operation: 'stat',
  operationId,
  path: 'a',
  ...fields,
});

function frames(file) {
  for (const reader of roles) {
    const name = `${reader}-data`;
    file.open(name, 'The reader takes DATA of 4096 bytes.', reader, { offer: { maxDataPayload: 4096 } });
    const stream = () => {
      const accept = { offset: 0, epoch: 0, size: 4097, mtime: 0 };
      return reader === 'server'
        ? file.after(name).receive(message('OPEN', 1, { operation: 1, operationId, path: 'a' }), {
            events: [{ event: 'open', stream: 1, operation: 'upload', operationId, path: 'a' }],
          })
        : file
            .after(name)
            .do(
              { action: 'open', stream: 1, operation: 'download', operationId, path: 'a' },
              { send: message('OPEN', 1, { operation: 2, operationId, path: 'a' }) },
            )
            .receive(message('ACCEPT', 1, accept), { events: [{ event: 'accept', stream: 1, ...accept }] });
    };
    file.add(
      `${reader}/maxDataPayload/at`,
      'DATA of as many bytes as this end offered to take.',
      ['FX-4.2-3', 'FX-19.1-1'],
      stream().receive(data(1, '00'.repeat(4096)), {
        events: [{ event: 'data', stream: 1, bytes: [{ repeat: '00', times: 4096 }] }],
      }),
      { limit: 'maxDataPayload' },
    );
    file.add(
      `${reader}/maxDataPayload/beyond`,
      'The header of DATA of one byte more.',
      ['FX-4.2-3', 'FX-4.2-1'],
      stream().receive(header(4097, types.DATA, 1), { fault: 'FRAME_TOO_LARGE' }),
      { limit: 'maxDataPayload' },
    );
    const long = message('PING', 0, { token: 3 });
    const payload = `${long.slice(20)}ffff${(65_536 - 16).toString(16).padStart(4, '0')}${'00'.repeat(65_536 - 16)}`;
    file.add(
      `${reader}/maxControlPayload/at`,
      'A PING of 65 536 bytes, most of them in a field that nobody knows.',
      ['FX-4.2-4', 'FX-5.1-5'],
      file.after(`${reader}-open`).receive(header(65_536, types.PING, 0) + payload, {
        send: message('PONG', 0, { token: 3 }),
      }),
      { limit: 'maxControlPayload' },
    );
    file.add(
      `${reader}/maxControlPayload/beyond`,
      'The header of a PING of 65 537 bytes.',
      ['FX-4.2-4', 'FX-4.2-1'],
      file.after(`${reader}-open`).receive(header(65_537, types.PING, 0), { fault: 'FRAME_TOO_LARGE' }),
      { limit: 'maxControlPayload' },
    );
  }
}

function paths(file) {
  const segment = (count) => 'x'.repeat(count);
  const long = (count) => `${`${segment(255)}/`.repeat(15)}${segment(127)}/${segment(count - 3968)}`;
  for (const [limit, at, beyond] of [
    ['maxPathBytes', long(4096), long(4097)],
    ['maxSegmentBytes', segment(255), segment(256)],
  ]) {
    file.add(
      `server/${limit}/at`,
      'The longest path there is, of its kind.',
      ['FX-15.1-5'],
      file.after('server-open').receive(open(1, { path: at }), { events: [opened(1, { path: at })] }),
      { limit },
    );
    file.add(
      `server/${limit}/beyond`,
      'One byte more.',
      ['FX-15.1-5', 'FX-15.1-6'],
      file.after('server-open').receive(open(1, { path: beyond }), { fault: 'MESSAGE_MALFORMED' }),
      { limit },
    );
  }
}

function streams(file) {
  file.open('server-one-stream', 'The server takes one stream at a time.', 'server', {
    offer: { maxStreams: 1 },
  });
  file.add(
    'server/maxStreams/at',
    'One stream, and another after its last word.',
    ['FX-7.1-2', 'FX-19.1-1'],
    file
      .after('server-one-stream')
      .receive(open(1), { events: [opened(1)] })
      .do(
        { action: 'result', stream: 1, status: 'OK', effect: 'none' },
        { send: message('RESULT', 1, { status: 0, effect: 'none' }) },
      )
      .receive(open(3), { events: [opened(3)] }),
    { limit: 'maxStreams' },
  );
  file.add(
    'server/maxStreams/beyond',
    'A second stream at once.',
    ['FX-7.1-2'],
    file.after('server-one-stream').receive(open(1) + open(3), {
      events: [opened(1)],
      fault: 'STREAM_LIMIT',
      last: 1,
    }),
    { limit: 'maxStreams' },
  );
}

function windows(file) {
  const upload = message('OPEN', 1, { operation: 1, operationId, path: 'a' });
  const events = [{ event: 'open', stream: 1, operation: 'upload', operationId, path: 'a' }];
  for (const [limit, offer] of [
    ['initialStreamWindow', { streamWindow: 8192, connectionWindow: 16_384 }],
    ['initialConnectionWindow', { streamWindow: 16_384, connectionWindow: 8192 }],
  ]) {
    const name = `server-${limit}`;
    file.open(name, `The server offers the least ${limit}.`, 'server', { offer });
    file.add(
      `server/${limit}/at`,
      'All the credit there is.',
      ['FX-13.1-2', 'FX-19.1-1'],
      file
        .after(name)
        .receive(upload, { events })
        .receive(data(1, '00'.repeat(8192)), {
          events: [{ event: 'data', stream: 1, bytes: [{ repeat: '00', times: 8192 }] }],
        }),
      { limit },
    );
    file.add(
      `server/${limit}/beyond`,
      'One byte more: the header is enough.',
      ['FX-13.1-3'],
      file
        .after(name)
        .receive(upload, { events })
        .receive(header(8193, types.DATA, 1), { fault: 'CREDIT_EXCEEDED' }),
      { limit },
    );
  }
}

function pings(file) {
  const many = (name, count) =>
    Array.from({ length: count }, (_, i) => message(name, 0, { token: i })).join('');
  for (const reader of roles) {
    file.add(
      `${reader}/maxUnansweredPings/at`,
      '32 PINGs while the transport takes nothing; then their PONGs.',
      ['FX-18.1-4', 'FX-18.1-1'],
      file.after(`${reader}-open`).receive(many('PING', 32), { hold: true, send: many('PONG', 32) }),
      { limit: 'maxUnansweredPings' },
    );
    file.add(
      `${reader}/maxUnansweredPings/beyond`,
      '33 PINGs while the transport takes nothing.',
      ['FX-18.1-4', 'FX-18.1-3'],
      file
        .after(`${reader}-open`)
        .receive(many('PING', 33), { hold: true, send: many('PONG', 32), fault: 'RATE_LIMITED' }),
      { limit: 'maxUnansweredPings' },
    );
    file.add(
      `${reader}/maxUnansweredPings/again`,
      'When the PONGs have left, there is room for as many PINGs again.',
      ['FX-18.1-4'],
      file
        .after(`${reader}-open`)
        .receive(many('PING', 32), { hold: true, send: many('PONG', 32) })
        .receive(many('PING', 32), { hold: true, send: many('PONG', 32) }),
      { limit: 'maxUnansweredPings' },
    );
  }
}

function timers(file) {
  for (const reader of roles) {
    file.add(
      `${reader}/handshakeTimeout/at`,
      'The handshake is over one millisecond before it must be.',
      ['FX-18.2-1'],
      (() => {
        const transcript = fresh(reader).wait(9999);
        transcript.receive(PREFACE + peerHello(reader), {
          events: [negotiated(reader)],
          ...(reader === 'server' ? { send: PREFACE + readerHello(reader, readerOffer) } : {}),
        });
        const auth = message('AUTH', 0, { mechanism: 'ANONYMOUS' });
        const success = message('AUTH', 0, { step: 'success', principal: 'anonymous' });
        const events = [{ event: 'ready', principal: 'anonymous' }];
        if (reader === 'client') {
          transcript
            .do({ action: 'authenticate', mechanism: 'ANONYMOUS' }, { send: auth })
            .receive(success, { events });
        } else {
          transcript
            .receive(auth, { events: [{ event: 'auth', mechanism: 'ANONYMOUS' }] })
            .do({ action: 'authenticated', principal: 'anonymous' }, { send: success, events });
        }
        return transcript.wait(1);
      })(),
      { limit: 'handshakeTimeout' },
    );
    file.add(
      `${reader}/handshakeTimeout/beyond`,
      'Nothing comes.',
      ['FX-18.2-1'],
      fresh(reader).wait(9999).wait(1, { fault: 'TIMEOUT' }),
      { limit: 'handshakeTimeout' },
    );
    file.add(
      `${reader}/handshakeTimeout/slow`,
      'A byte now and then is no progress.',
      ['FX-18.2-1'],
      fresh(reader)
        .receive(PREFACE.slice(0, 6))
        .wait(5000)
        .receive(PREFACE.slice(6))
        .wait(4999)
        .receive(peerHello(reader).slice(0, 40))
        .wait(1, { fault: 'TIMEOUT' }),
      { limit: 'handshakeTimeout' },
    );
    const ping = message('PING', 0, { token: 1 });
    const asked = () => file.after(`${reader}-open`).wait(19_999).wait(1, { send: ping });
    file.add(
      `${reader}/keepaliveInterval/at`,
      'After 20 seconds without a byte the reader asks for a sign of life, and gets one.',
      ['FX-18.2-2', 'FX-18.1-1'],
      asked()
        .receive(message('PONG', 0, { token: 1 }), { events: [{ event: 'pong', token: 1 }] })
        .wait(19_999),
      { limit: 'keepaliveInterval' },
    );
    file.add(
      `${reader}/keepaliveInterval/any-byte`,
      'Any byte is a sign of life, also one of a frame that is not whole: nobody is asked.',
      ['FX-18.2-3'],
      file.after(`${reader}-open`).wait(19_999).receive('00').wait(19_999),
      { limit: 'keepaliveInterval' },
    );
    file.add(
      `${reader}/keepaliveTimeout/at`,
      'A byte of anything comes one millisecond before the peer would be given up.',
      ['FX-18.2-2', 'FX-18.2-3'],
      asked().wait(19_999).receive('00').wait(19_999),
      { limit: 'keepaliveTimeout' },
    );
    file.add(
      `${reader}/keepaliveTimeout/beyond`,
      'Nothing comes for 20 seconds after the PING.',
      ['FX-18.2-2'],
      asked().wait(19_999).wait(1, { fault: 'TIMEOUT' }),
      { limit: 'keepaliveTimeout' },
    );
  }
}
