// frames.json and preface.json: bytes into frames, or into a fault, before any message is looked at.
import {
  ascii,
  field,
  frame,
  header,
  message,
  notation,
  PREFACE,
  size,
  types,
  u8,
  u32,
  u64,
} from './writer.mjs';

/** The frames that are only of the connection. */
const connectionFrames = ['HELLO', 'AUTH', 'PING', 'PONG', 'GOAWAY'];

const CONTROL = 65_536;

export function frameVectors() {
  const vectors = [];
  /** `frames`: name (or number), stream and payload of what comes before the fault or the end. */
  const add = (name, description, rules, bytes, frames, more = {}) => {
    const { fault, maxDataPayload, complete } = more;
    vectors.push({
      name,
      description,
      rules,
      ...(maxDataPayload === undefined ? {} : { maxDataPayload }),
      bytes: notation(bytes),
      frames: frames.map(([type, stream, payload]) => ({ type, stream, payload: notation(payload) })),
      ...(fault === undefined ? { complete: complete ?? true } : { fault, by: more.by ?? size(bytes) }),
    });
  };
  const ping = message('PING', 0, { token: 7 });
  const pinged = ['PING', 0, field(2, u64(7))];

  for (const [name, type] of Object.entries(types)) {
    const stream = connectionFrames.includes(name) ? 0 : 1;
    const payload = name === 'DATA' ? 'c0ffee' : 'fffd0000';
    add(
      `${name}/one`,
      `One ${name} frame. Whether its payload is a sound message is not judged here.`,
      ['FX-4.1-4'],
      frame(type, stream, payload),
      [[name, stream, payload]],
    );
    if (name !== 'DATA') {
      add(`${name}/empty`, `A ${name} frame without payload is a frame.`, ['FX-4.1-4'], frame(type, stream), [
        [name, stream, ''],
      ]);
    }
    if (name !== 'CREDIT') {
      const wrong = stream === 0 ? 1 : 0;
      add(
        `${name}/wrong-stream`,
        `${name} on stream ${wrong}. The payload is still to come.`,
        ['FX-4.1-2', 'FX-4.2-1'],
        header(size(payload), type, wrong),
        [],
        { fault: 'FRAME_MALFORMED' },
      );
    }
    for (const flags of [0x01, 0x80]) {
      add(
        `${name}/flags-${flags}`,
        `${name} with flags 0x${u8(flags)}. The payload is still to come.`,
        ['FX-4.1-1', 'FX-4.2-1'],
        header(size(payload), type, stream, flags),
        [],
        { fault: 'FRAME_MALFORMED' },
      );
    }
    if (name !== 'DATA') {
      add(
        `${name}/too-large`,
        `The header of a ${name} frame of 65 537 bytes.`,
        ['FX-4.2-1', 'FX-4.2-4'],
        header(CONTROL + 1, type, stream),
        [],
        { fault: 'FRAME_TOO_LARGE' },
      );
    }
  }
  add(
    'CREDIT/of-the-connection',
    'CREDIT is also a frame of stream 0.',
    ['FX-4.1-2'],
    frame('CREDIT', 0, 'fffd0000'),
    [['CREDIT', 0, 'fffd0000']],
  );

  // Types.
  for (const type of [0x00, 0x0f, 0x42, 0x7f]) {
    add(
      `type/unknown-${u8(type)}`,
      `Type 0x${u8(type)} is not known, and must be. A sound PING comes before.`,
      ['FX-4.2-7', 'FX-4.2-1'],
      ping + header(4, type, 1),
      [pinged],
      { fault: 'FRAME_UNKNOWN' },
    );
  }
  for (const type of [0x80, 0xa5, 0xf0, 0xff]) {
    add(
      `type/skipped-${u8(type)}`,
      `Type 0x${u8(type)} is not known and need not be: skipped, with its payload, between two PINGs.`,
      ['FX-4.2-6'],
      ping + frame(type, 3, '0102030405') + ping,
      [pinged, pinged],
    );
  }
  add(
    'type/skipped-flags-and-stream',
    'What is skipped may have any flags and any stream.',
    ['FX-4.2-6'],
    frame(0x80, 0xffff_ffff, '00', 0xff) + frame(0x80, 0, '', 0x01) + ping,
    [pinged],
  );
  add(
    'type/skipped-empty',
    'What is skipped may be empty, any number of times.',
    ['FX-4.2-6'],
    frame(0xf1, 0) + frame(0xf1, 0) + frame(0xf1, 2) + ping,
    [pinged],
  );
  add(
    'type/skipped-looks-like-frames',
    'What is skipped is not looked into: its payload looks like a PING.',
    ['FX-4.2-6'],
    frame(0x90, 0, ping) + ping,
    [pinged],
  );
  add(
    'type/skipped-longest',
    'What is skipped may have 65 536 bytes.',
    ['FX-4.2-6', 'FX-4.2-4'],
    frame(0x80, 0, '00'.repeat(CONTROL)) + ping,
    [pinged],
  );
  add(
    'type/skipped-too-large',
    'The limit of control frames holds for what would be skipped as well.',
    ['FX-4.2-4', 'FX-4.2-6'],
    header(CONTROL + 1, 0x80, 0),
    [],
    { fault: 'FRAME_TOO_LARGE' },
  );

  // Lengths.
  add(
    'length/control-longest',
    'A control payload of 65 536 bytes.',
    ['FX-4.2-4'],
    frame('HELLO', 0, '00'.repeat(CONTROL)) + ping,
    [['HELLO', 0, '00'.repeat(CONTROL)], pinged],
  );
  add(
    'length/data-longest',
    'DATA of exactly the `maxDataPayload` that this end offered.',
    ['FX-4.2-3', 'FX-19.1-1'],
    frame('DATA', 1, '5a'.repeat(4096)) + ping,
    [['DATA', 1, '5a'.repeat(4096)], pinged],
    { maxDataPayload: 4096 },
  );
  add(
    'length/data-too-long',
    'The header of DATA with one byte more than the `maxDataPayload` that this end offered.',
    ['FX-4.2-1', 'FX-4.2-3'],
    ping + header(4097, types.DATA, 1),
    [pinged],
    { maxDataPayload: 4096, fault: 'FRAME_TOO_LARGE' },
  );
  add(
    'length/data-longer-than-control',
    'DATA may be longer than a control frame, when this end offered that.',
    ['FX-4.2-3'],
    header(CONTROL + 1, types.DATA, 1),
    [['DATA', 1, '']],
    { maxDataPayload: 1_048_576, complete: false },
  );
  add(
    'length/data-shorter-than-control',
    'The limit of DATA does not hold for other frames.',
    ['FX-4.2-4'],
    frame('ENTRY', 1, '00'.repeat(4097)),
    [['ENTRY', 1, '00'.repeat(4097)]],
    { maxDataPayload: 4096 },
  );
  add(
    'length/data-cap',
    'The header of DATA of 16 777 216 bytes, where that was offered. The payload is still to come.',
    ['FX-4.2-3', 'FX-19.1-1'],
    header(16_777_216, types.DATA, 1),
    [['DATA', 1, '']],
    { maxDataPayload: 16_777_216, complete: false },
  );
  add(
    'length/data-beyond-cap',
    'The header of DATA of 16 777 217 bytes.',
    ['FX-4.2-3', 'FX-4.2-1'],
    header(16_777_217, types.DATA, 1),
    [],
    { maxDataPayload: 16_777_216, fault: 'FRAME_TOO_LARGE' },
  );
  add('length/data-empty', 'DATA without a byte.', ['FX-4.1-5'], ping + header(0, types.DATA, 1), [pinged], {
    fault: 'FRAME_MALFORMED',
  });
  add('length/data-one', 'DATA of one byte.', ['FX-4.1-5'], frame('DATA', 1, '00'), [['DATA', 1, '00']]);
  for (const length of [0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    for (const [name, type, stream] of [
      ['control', types.PING, 0],
      ['data', types.DATA, 1],
      ['skipped', 0xf0, 0],
    ]) {
      add(
        `length/unsigned-${name}-${u32(length)}`,
        `A length of 0x${u32(length)} is ${length}, never a negative number.`,
        ['FX-4.2-5', name === 'data' ? 'FX-4.2-3' : 'FX-4.2-4'],
        header(length, type, stream),
        [],
        { fault: 'FRAME_TOO_LARGE' },
      );
    }
  }

  // Streams.
  add(
    'stream/highest',
    'A stream id has four bytes, unsigned.',
    ['FX-4.1-2'],
    frame('DATA', 0xffff_ffff, '01') + frame('RESET', 0x8000_0001, ''),
    [
      ['DATA', 0xffff_ffff, '01'],
      ['RESET', 0x8000_0001, ''],
    ],
  );

  // The order of judging.
  const order = ['FX-4.2-2'];
  add(
    'order/length-before-type',
    'Too long and of an unknown type: the length is judged first.',
    order,
    header(CONTROL + 1, 0x42, 1),
    [],
    { fault: 'FRAME_TOO_LARGE' },
  );
  add(
    'order/length-before-flags',
    'Too long, with flags, on the wrong stream: the length is judged first.',
    order,
    header(CONTROL + 1, types.PING, 1, 0x01),
    [],
    { fault: 'FRAME_TOO_LARGE' },
  );
  add(
    'order/type-before-flags',
    'Of an unknown type and with flags: the type is judged first.',
    order,
    header(4, 0x42, 0, 0x01),
    [],
    { fault: 'FRAME_UNKNOWN' },
  );
  add(
    'order/data-length-before-flags',
    'DATA that is too long and has flags: the length is judged first.',
    order,
    header(4097, types.DATA, 0, 0xff),
    [],
    { maxDataPayload: 4096, fault: 'FRAME_TOO_LARGE' },
  );

  // Many, and parts.
  const three = frame('OPEN', 1, 'fffd0000') + frame('DATA', 1, 'aabbcc') + frame('END', 1, '') + ping;
  add(
    'sequence/several',
    'Frames follow each other without anything between them.',
    ['FX-4.1-4', 'FX-2.1-2'],
    three,
    [['OPEN', 1, 'fffd0000'], ['DATA', 1, 'aabbcc'], ['END', 1, ''], pinged],
  );
  add(
    'sequence/nothing-after-a-fault',
    'The first fault is the last: the sound PING after it is not read.',
    ['FX-17.1-1', 'FX-17.1-2'],
    `${ping + header(4, 0x0f, 0)}fffd0000${ping}`,
    [pinged],
    { fault: 'FRAME_UNKNOWN', by: size(ping) + 10 },
  );
  add('sequence/none', 'No bytes are no frame.', ['FX-4.2-8'], '', []);
  add(
    'cut/header',
    'The transport may end inside a header: no frame.',
    ['FX-4.2-8'],
    `${ping}000000`,
    [pinged],
    {
      complete: false,
    },
  );
  add(
    'cut/nine-bytes',
    'Nine bytes of a header that would be a fault.',
    ['FX-4.2-8'],
    header(4, 0x0f, 0).slice(0, 18),
    [],
    { complete: false },
  );
  add(
    'cut/control',
    'The transport may end inside a control frame: it is lost.',
    ['FX-4.2-8'],
    ping + ping.slice(0, -2),
    [pinged],
    { complete: false },
  );
  add(
    'cut/data',
    'The transport may end inside DATA: what came of its bytes is passed on as it comes.',
    ['FX-4.2-8', 'FX-4.1-4'],
    `${header(5, types.DATA, 1)}aabb`,
    [['DATA', 1, 'aabb']],
    { complete: false },
  );
  add(
    'cut/skipped',
    'The transport may end inside what is skipped.',
    ['FX-4.2-6', 'FX-4.2-8'],
    `${header(5, 0x80, 0)}01`,
    [],
    {
      complete: false,
    },
  );
  return vectors;
}

export function prefaceVectors() {
  const vectors = [];
  const rules = ['FX-3.1-4', 'FX-3.2-1', 'FX-3.2-3'];
  const foreign = (name, description, bytes, by, takenFor, answerBegins) =>
    vectors.push({
      name,
      description,
      rules: takenFor === undefined ? rules : [...rules, 'FX-3.2-2'],
      bytes,
      preface: 'foreign',
      by,
      ...(takenFor === undefined ? {} : { takenFor }),
      ...(answerBegins === undefined ? {} : { answerBegins }),
    });
  vectors.push({
    name: 'preface/whole',
    description: 'The eight bytes of the preface.',
    rules: ['FX-3.1-1'],
    bytes: PREFACE,
    preface: 'whole',
    by: 8,
  });
  vectors.push({
    name: 'preface/followed-by-a-frame',
    description: 'The preface ends after eight bytes; a frame follows at once.',
    rules: ['FX-3.1-1'],
    bytes: PREFACE + frame(0x80, 0, '01'),
    preface: 'whole',
    by: 8,
  });
  for (let length = 0; length < 8; length += 1) {
    vectors.push({
      name: `preface/${length}-bytes`,
      description: `The first ${length} bytes of the preface: more are waited for.`,
      rules: ['FX-3.1-4'],
      bytes: PREFACE.slice(0, 2 * length),
      preface: 'incomplete',
    });
  }
  for (let at = 0; at < 8; at += 1) {
    const byte = Number.parseInt(PREFACE.slice(2 * at, 2 * at + 2), 16) ^ 0x80;
    foreign(
      `preface/bit-${at}`,
      `Byte ${at} of the preface has another highest bit.`,
      PREFACE.slice(0, 2 * at) + u8(byte) + PREFACE.slice(2 * at + 2),
      at + 1,
    );
  }
  foreign('preface/lf', 'CR LF became LF on the way.', '46494c45580a1a00', 6);
  foreign('preface/cr-only', 'CR LF became CR on the way.', '46494c45580d1a00', 7);
  foreign('preface/cr-cr-lf', 'CR LF became CR CR LF on the way.', '46494c45580d0d0a1a', 7);
  foreign(
    'preface/end-of-file',
    'The 0x1a was taken for the end of a text on the way.',
    '46494c45580d0a000000',
    8,
  );
  foreign('preface/lower-case', 'Capitals are capitals.', ascii('filex\r\n\x1a'), 1);
  foreign(
    'preface/frame-without-preface',
    'A frame without a preface before it.',
    message('PING', 0, { token: 1 }),
    1,
  );

  const http = ascii('HTTP/1.1 400 ');
  foreign('http/get', 'An HTTP client.', ascii('GET / HTTP/1.1\r\nHost: example\r\n\r\n'), 4, 'HTTP', http);
  foreign('http/head', 'An HTTP client.', ascii('HEAD / HTTP/1.1\r\n'), 5, 'HTTP', http);
  foreign('http/post', 'An HTTP client.', ascii('POST / HTTP/1.1\r\n'), 5, 'HTTP', http);
  foreign('http/put', 'An HTTP client.', ascii('PUT /a HTTP/1.1\r\n'), 4, 'HTTP', http);
  foreign('http/options', 'An HTTP client.', ascii('OPTIONS * HTTP/1.1\r\n'), 8, 'HTTP', http);
  foreign('http/connect', 'An HTTP client, to a proxy.', ascii('CONNECT a:1 HTTP/1.1\r\n'), 8, 'HTTP', http);
  foreign(
    'http/h2',
    'An HTTP/2 client with prior knowledge.',
    ascii('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    4,
    'HTTP',
    http,
  );
  foreign('http/response', 'An HTTP server, to a client.', ascii('HTTP/1.1 200 OK\r\n'), 5, 'HTTP');
  foreign('tls/client-hello', 'A TLS client.', '16030100c8010000c40303', 2, 'TLS', '1503');
  foreign('tls/alert', 'A TLS server that was greeted with something else.', '15030300020228', 2, 'TLS');
  foreign('ssh/banner', 'SSH.', ascii('SSH-2.0-OpenSSH_9.6\r\n'), 4, 'SSH');
  foreign('smtp/greeting', 'A mail or FTP server.', ascii('220 mail.example ESMTP\r\n'), 4, 'FTP or SMTP');
  foreign('text/hello', 'A line of text.', ascii('hello?\r\n'), 8, 'text');
  foreign('binary/zeros', 'Bytes that mean nothing.', '0000000000000000', 1);
  foreign('binary/telnet', 'Telnet options.', 'fffb1ffffb20', 1);
  return vectors;
}
