// streams.json: what happens on an open connection.
import { codeNumbers } from './codes.mjs';
import { machines } from './machines.mjs';
import { goAway, TranscriptFile } from './transcript.mjs';
import { data, frame, header, message, record, size, types } from './writer.mjs';

const BLOCK = 1_048_576;
const operationId = '33'.repeat(16);
const digest = '44'.repeat(32);
const prefix = '55'.repeat(32);
const entry = { path: 'a', kind: 'file', size: 1, mtime: 2 };
const roles = ['client', 'server'];
const numbers = {
  upload: 1,
  download: 2,
  list: 3,
  stat: 4,
  makeDirectory: 5,
  rename: 6,
  remove: 7,
  digest: 9,
};
const { CANCELLED, NO_SPACE, INTERNAL } = codeNumbers;

/** The transcript with an operation opened on a stream: by the reader, when it is a client, or by its peer. */
function begin(file, after, operation, fields = {}, stream = 1) {
  const transcript = file.after(after);
  return openOn(transcript, operation, fields, stream);
}

function openOn(transcript, operation, fields = {}, stream = 1) {
  const all = { operationId, path: 'a', ...fields };
  const bytes = message('OPEN', stream, { operation: numbers[operation], ...all });
  return transcript.reader === 'client'
    ? transcript.do({ action: 'open', stream, operation, ...all }, { send: bytes })
    : transcript.receive(bytes, { events: [{ event: 'open', stream, operation, ...all }] });
}

const opened = (operation, fields = {}, stream = 1) =>
  message('OPEN', stream, { operation: numbers[operation], operationId, path: 'a', ...fields });
const openEvent = (operation, fields = {}, stream = 1) => ({
  event: 'open',
  stream,
  operation,
  operationId,
  path: 'a',
  ...fields,
});

export function streamFile() {
  const file = new TranscriptFile();
  file.standard();
  // The same windows the other way round, to tell the two kinds of credit apart.
  for (const reader of roles) {
    file.open(`${reader}-narrow`, 'The reader gives the connection less credit than a stream.', reader, {
      offer: { streamWindow: 12_000, connectionWindow: 8192 },
    });
    file.open(`${reader}-least`, 'The reader offers the least windows.', reader, {
      offer: { streamWindow: 8192, connectionWindow: 8192 },
    });
    file.open(`${reader}-narrow-peer`, 'The peer gives the connection less credit than a stream.', reader, {
      peer: { streamWindow: 12_000, connectionWindow: 8192 },
    });
  }
  everyEventInEveryState(file);
  uploads(file);
  resumedUploads(file);
  downloads(file);
  listings(file);
  calls(file);
  receipts(file);
  ids(file);
  senders(file);
  credit(file);
  pings(file);
  ends(file);
  faults(file);
  return file;
}

// ------------------------------------------------------------------ every event in every state

const operationOf = { upload: 'upload', download: 'download', listing: 'list', call: 'stat' };
/** How each state is reached. */
const ways = {
  upload: {
    resuming: [],
    open: [],
    accepted: ['R_ACCEPT'],
    sent: ['I_END'],
    committing: ['R_ACCEPT', 'I_END'],
    settled: ['R_FAILURE'],
    cancelled: ['I_RESET'],
    withdrawn: ['I_END', 'I_RESET'],
    closed: ['I_END', 'R_SUCCESS'],
  },
  download: {
    requested: [],
    streaming: ['R_ACCEPT'],
    ended: ['R_ACCEPT', 'R_END'],
    cancelled: ['I_RESET'],
    closed: ['R_FAILURE'],
  },
  listing: { requested: [], cancelled: ['I_RESET'], closed: ['R_SUCCESS'] },
  call: { requested: [], cancelled: ['I_RESET'], closed: ['R_SUCCESS'] },
};
const dropping = ['settled', 'cancelled', 'withdrawn'];

/** The frame of an event, what the program does to send it, and what it is told when the peer sends it. */
const eventFrames = {
  DATA: [() => data(1, 'c0ffee'), { action: 'write', bytes: 'c0ffee' }, { event: 'data', bytes: 'c0ffee' }],
  END: [
    () => message('END', 1, { length: 0, digest }),
    { action: 'end', length: 0, digest },
    { event: 'end', length: 0, digest },
  ],
  RESET: [
    () => message('RESET', 1, { code: CANCELLED, finalOffset: 0 }),
    { action: 'reset', code: 'CANCELLED' },
    { event: 'reset', code: 'CANCELLED' },
  ],
  ACCEPT: [(fields) => message('ACCEPT', 1, fields), { action: 'accept' }, { event: 'accept' }],
  ACK: [
    () => message('ACK', 1, { offset: 0 }),
    { action: 'acknowledge', offset: 0 },
    { event: 'ack', offset: 0 },
  ],
  ENTRY: [
    () => message('ENTRY', 1, { entries: [entry] }),
    { action: 'entries', entries: [entry] },
    { event: 'entries', entries: [entry], size: size(record('ENTRY', { entries: [entry] })) },
  ],
  SUCCESS: [
    () => message('RESULT', 1, { status: 0, effect: 'none' }),
    { action: 'result', status: 'OK', effect: 'none' },
    { event: 'result', status: 'OK', effect: 'none' },
  ],
  FAILURE: [
    () => message('RESULT', 1, { status: NO_SPACE, effect: 'none' }),
    { action: 'result', status: 'NO_SPACE', effect: 'none' },
    { event: 'result', status: 'NO_SPACE', effect: 'none' },
  ],
};

/** What ACCEPT says: of an upload, which attempt it is, of a download, what comes. */
const acceptFields = {
  upload: { offset: 0, epoch: 1 },
  download: { offset: 0, epoch: 0, size: 0, mtime: 0 },
};

/** Goes one event further. `size`: of the file that is downloaded. */
function move(transcript, machine, event, size = 0) {
  const byInitiator = event.startsWith('I_');
  const own = byInitiator === (transcript.reader === 'client');
  const [frameOf, action, told] = eventFrames[event.slice(2)];
  const accept = machine === 'download' ? { ...acceptFields.download, size } : acceptFields.upload;
  const bytes = () => frameOf(accept);
  const more = event === 'R_ACCEPT' ? accept : {};
  const state = transcript.streams.get(1)?.state;
  if (own) return transcript.do({ ...action, stream: 1, ...more }, { send: bytes() });
  if (machines[machine][state][event] === undefined)
    return transcript.receive(bytes(), { fault: 'STATE_VIOLATION' });
  const isAnswer = ['R_SUCCESS', 'R_FAILURE', 'R_RESET'].includes(event);
  const silent = dropping.includes(state) && !isAnswer && event !== 'I_RESET';
  const untold = silent || state === 'settled';
  // An initiator that hears a refusal while it sends stops, and says so.
  const stops = transcript.reader === 'client' && machines[machine][state][event] === 'settled';
  return transcript.receive(bytes(), {
    events: untold ? [] : [{ event: told.event, stream: 1, ...told, ...more }],
    send: stops ? message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) : '',
  });
}

function everyEventInEveryState(file) {
  const fromPeer = {
    client: ['R_ACCEPT', 'R_DATA', 'R_END', 'R_ENTRY', 'R_ACK', 'R_SUCCESS', 'R_FAILURE', 'R_RESET'],
    server: ['I_DATA', 'I_END', 'I_RESET'],
  };
  for (const reader of roles) {
    for (const [machine, states] of Object.entries(ways)) {
      for (const [state, way] of Object.entries(states)) {
        // A client that hears a refusal goes through *settled* at once.
        if (reader === 'client' && state === 'settled') continue;
        for (const event of [...fromPeer[reader], 'CREDIT']) {
          const fields = state === 'resuming' ? { offset: 2 * BLOCK + 5 } : {};
          const transcript = begin(file, `${reader}-open`, operationOf[machine], fields);
          // A file whose DATA may come has the three bytes that come.
          const bytes = event === 'R_DATA' && state === 'streaming' ? 3 : 0;
          for (const each of way) move(transcript, machine, each, bytes);
          const reached = transcript.streams.get(1).state;
          if (reached !== state) throw new Error(`${machine} ${reached}, not ${state}`);
          const next = machines[machine][state][event];
          const rules = [];
          if (event === 'CREDIT') {
            const sends =
              reader === 'client' ? machine === 'upload' : machine === 'download' || machine === 'listing';
            const bytes = message('CREDIT', 1, { limit: 15_000 });
            if (state === 'closed' || sends) transcript.receive(bytes);
            else transcript.receive(bytes, { fault: 'STATE_VIOLATION' });
            rules.push(state === 'closed' ? 'FX-7.1-4' : sends ? 'FX-13.2-1' : 'FX-13.2-6');
          } else if (state === 'closed' && event.endsWith('_RESET')) {
            transcript.receive(eventFrames.RESET[0]());
            rules.push('FX-7.1-4');
          } else {
            move(transcript, machine, event);
            rules.push(state === 'closed' ? 'FX-7.1-4' : 'FX-7.2-7');
            if (next === undefined) rules.push('FX-17.1-1');
            else if (dropping.includes(state)) rules.push(state === 'settled' ? 'FX-8.4-1' : 'FX-7.3-6');
            else if (next === 'settled' && reader === 'client') rules.push('FX-8.4-2');
          }
          file.add(
            `${reader}/${machine}/${state}/${event}`,
            `${event === 'CREDIT' ? 'CREDIT for the stream' : event} in *${state}* of ${machine === 'upload' ? 'an upload' : `a ${machine}`}, heard by a ${reader}.`,
            rules,
            transcript,
          );
        }
      }
    }
  }
}

// ------------------------------------------------------------------ uploads

function uploads(file) {
  const end = (length, stream = 1) => message('END', stream, { length, digest });
  const endEvent = (length, stream = 1) => ({ event: 'end', stream, length, digest });
  const done = { status: 0, effect: 'applied', outcome: 'created', etag: 'v1' };
  const doneAs = { status: 'OK', effect: 'applied', outcome: 'created', etag: 'v1' };
  const hello = '68656c6c6f';

  file.add(
    'server/upload/small',
    'A small file: OPEN, DATA and END come in one go, and the answer is RESULT, without ACCEPT.',
    ['FX-8.2-1', 'FX-8.2-3', 'FX-8.2-4', 'FX-7.3-1'],
    file
      .after('server-open')
      .receive(opened('upload', { size: 5, path: 'hi.txt' }) + data(1, hello) + end(5), {
        events: [
          openEvent('upload', { size: 5, path: 'hi.txt' }),
          { event: 'data', stream: 1, bytes: hello },
          endEvent(5),
        ],
      })
      .do({ action: 'consume', stream: 1, count: 5 })
      .do({ action: 'result', stream: 1, ...doneAs }, { send: message('RESULT', 1, done) }),
  );
  file.add(
    'client/upload/small',
    'A small file: OPEN, DATA and END leave without waiting.',
    ['FX-8.2-1', 'FX-8.2-3', 'FX-8.2-4'],
    begin(file, 'client-open', 'upload', { size: 5, path: 'hi.txt' })
      .do({ action: 'write', stream: 1, bytes: hello }, { send: data(1, hello), maySend: { 1: 9995 } })
      .do({ action: 'end', stream: 1, length: 5, digest }, { send: end(5) })
      .receive(message('RESULT', 1, done), { events: [{ event: 'result', stream: 1, ...doneAs }] }),
  );
  for (const reader of roles) {
    const transcript = begin(file, `${reader}-open`, 'upload', { size: 0 });
    if (reader === 'client') {
      transcript
        .do({ action: 'end', stream: 1, length: 0, digest }, { send: end(0) })
        .receive(message('RESULT', 1, done), { events: [{ event: 'result', stream: 1, ...doneAs }] });
    } else {
      transcript
        .receive(end(0), { events: [endEvent(0)] })
        .do({ action: 'result', stream: 1, ...doneAs }, { send: message('RESULT', 1, done) });
    }
    file.add(`${reader}/upload/empty`, 'An empty file has no DATA.', ['FX-8.2-4', 'FX-4.1-5'], transcript);
  }
  file.add(
    'server/upload/every-field',
    'Every field that an OPEN of an upload can have, in one that is answered.',
    ['FX-7.2-4', 'FX-12.2-2'],
    begin(file, 'server-open', 'upload', {
      path: 'folder/file',
      size: 3 * BLOCK,
      ifExists: 'newer',
      mtime: -5,
      executable: true,
      algorithm: 'sha256',
      offset: 3 * BLOCK,
    }).do(
      { action: 'accept', stream: 1, offset: 0, epoch: 1 },
      { send: message('ACCEPT', 1, { offset: 0, epoch: 1 }) },
    ),
  );
  file.add(
    'server/upload/fields-of-others',
    'Fields that an upload has no use for are passed on, and mean nothing.',
    ['FX-7.2-4'],
    begin(file, 'server-open', 'upload', { target: 'b', recursive: true, parents: true, ifMatch: 'v1' }),
  );
  file.add(
    'server/upload/root',
    'An OPEN without path is of the root.',
    ['FX-5.1-4', 'FX-11.2-7'],
    file.after('server-open').receive(opened('upload', { path: undefined }), {
      events: [openEvent('upload', { path: undefined })],
    }),
  );
  file.add(
    'client/upload/acknowledged',
    'ACCEPT and ACKs while the file is sent.',
    ['FX-8.2-6', 'FX-8.2-2'],
    begin(file, 'client-open', 'upload')
      .receive(message('ACCEPT', 1, { offset: 0, epoch: 7 }), {
        events: [{ event: 'accept', stream: 1, offset: 0, epoch: 7 }],
      })
      .receive(message('ACK', 1, { offset: 0 }), { events: [{ event: 'ack', stream: 1, offset: 0 }] })
      .do({ action: 'write', stream: 1, bytes: hello }, { send: data(1, hello) })
      .receive(message('ACK', 1, { offset: 3 }) + message('ACK', 1, { offset: 3 }), {
        events: [
          { event: 'ack', stream: 1, offset: 3 },
          { event: 'ack', stream: 1, offset: 3 },
        ],
      })
      .do({ action: 'end', stream: 1, length: 5, digest }, { send: end(5) })
      .receive(message('ACK', 1, { offset: 5 }) + message('RESULT', 1, done), {
        events: [
          { event: 'ack', stream: 1, offset: 5 },
          { event: 'result', stream: 1, ...doneAs },
        ],
      }),
  );
  const sending = () =>
    begin(file, 'client-open', 'upload')
      .receive(message('ACCEPT', 1, { offset: 0, epoch: 0 }), {
        events: [{ event: 'accept', stream: 1, offset: 0, epoch: 0 }],
      })
      .do({ action: 'write', stream: 1, bytes: hello }, { send: data(1, hello) });
  file.add(
    'client/upload/ack-beyond',
    'An ACK of more than was sent.',
    ['FX-8.2-6'],
    sending().receive(message('ACK', 1, { offset: 6 }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/upload/ack-decreasing',
    'An ACK of less than before.',
    ['FX-8.2-6'],
    sending()
      .receive(message('ACK', 1, { offset: 4 }), { events: [{ event: 'ack', stream: 1, offset: 4 }] })
      .receive(message('ACK', 1, { offset: 3 }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/upload/accept-twice',
    'A second ACCEPT.',
    ['FX-7.2-7'],
    sending().receive(message('ACCEPT', 1, { offset: 0, epoch: 0 }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/upload/accept-offset-not-asked',
    'ACCEPT of an offset, though OPEN asked for none.',
    ['FX-12.2-4'],
    begin(file, 'client-open', 'upload').receive(message('ACCEPT', 1, { offset: BLOCK, epoch: 0, prefix }), {
      fault: 'STATE_VIOLATION',
    }),
  );
  for (const [name, length] of [
    ['less', 4],
    ['more', 6],
    ['nothing', 0],
    ['most', Number.MAX_SAFE_INTEGER],
  ]) {
    file.add(
      `server/upload/end-says-${name}`,
      `Five bytes came, END says ${length}.`,
      ['FX-8.2-4'],
      begin(file, 'server-open', 'upload')
        .receive(data(1, hello), { events: [{ event: 'data', stream: 1, bytes: hello }] })
        .receive(end(length), { fault: 'LENGTH_MISMATCH' }),
    );
  }
  for (const [name, code] of [
    ['digest-mismatch', 'DIGEST_MISMATCH'],
    ['length-mismatch', 'LENGTH_MISMATCH'],
  ]) {
    file.add(
      `server/upload/${name}`,
      'What arrived is not what was announced: an answer, and the connection goes on.',
      ['FX-8.3-1', 'FX-8.2-7'],
      begin(file, 'server-open', 'upload')
        .receive(end(0), { events: [endEvent(0)] })
        .do(
          { action: 'result', stream: 1, status: code, effect: 'none', retry: true },
          { send: message('RESULT', 1, { status: codeNumbers[code], effect: 'none', retry: true }) },
        )
        .receive(opened('upload', {}, 3), { events: [openEvent('upload', {}, 3)] }),
    );
  }
  file.add(
    'server/upload/refused-while-sent',
    'Refused in the middle of a DATA frame: the rest of it, and more, is dropped until END, whose length is of no interest.',
    ['FX-8.4-1', 'FX-8.4-2', 'FX-13.2-4'],
    begin(file, 'server-open', 'upload')
      .receive(`${header(8, types.DATA, 1)}00112233`, {
        events: [{ event: 'data', stream: 1, bytes: '00112233' }],
      })
      .do(
        { action: 'result', stream: 1, status: 'NO_SPACE', effect: 'none' },
        { send: message('RESULT', 1, { status: NO_SPACE, effect: 'none' }) },
      )
      .receive('44556677')
      .receive(data(1, hello))
      .receive(end(1)),
  );
  file.add(
    'client/upload/refused-while-sent',
    'A client that is refused while it sends stops with a RESET; `finalOffset` says how far it came.',
    ['FX-8.4-2', 'FX-7.3-8'],
    begin(file, 'client-open', 'upload')
      .do({ action: 'write', stream: 1, bytes: hello }, { send: data(1, hello) })
      .receive(message('RESULT', 1, { status: NO_SPACE, retry: true, effect: 'none', detail: 'full' }), {
        events: [
          { event: 'result', stream: 1, status: 'NO_SPACE', retry: true, effect: 'none', detail: 'full' },
        ],
        send: message('RESET', 1, { code: CANCELLED, finalOffset: 5 }),
      }),
  );
  file.add(
    'client/upload/given-up',
    'A client gives up, drops what comes, and waits for the answer.',
    ['FX-7.3-6', 'FX-8.4-3'],
    begin(file, 'client-open', 'upload')
      .do({ action: 'write', stream: 1, bytes: hello }, { send: data(1, hello) })
      .do(
        { action: 'reset', stream: 1, code: 'SOURCE_CHANGED' },
        { send: message('RESET', 1, { code: codeNumbers.SOURCE_CHANGED, finalOffset: 5 }) },
      )
      .receive(message('ACCEPT', 1, { offset: 0, epoch: 0 }) + message('ACK', 1, { offset: 5 }))
      .receive(message('RESULT', 1, { status: CANCELLED, effect: 'none' }), {
        events: [{ event: 'result', stream: 1, status: 'CANCELLED', effect: 'none' }],
      }),
  );
  const gaveUp = () =>
    begin(file, 'client-open', 'upload', { size: 5, offset: 5 }).do(
      { action: 'reset', stream: 1, code: 'CANCELLED' },
      { send: message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) },
    );
  file.add(
    'client/upload/given-up-nonsense',
    'What comes before the answer is not looked at: an ACCEPT of more than was asked for, an ACK of more than was sent.',
    ['FX-7.3-6'],
    gaveUp().receive(message('ACCEPT', 1, { offset: 6, epoch: 0 }) + message('ACK', 1, { offset: 99 })),
  );
  file.add(
    'client/upload/given-up-malformed',
    'What comes before the answer must have the right form.',
    ['FX-7.3-6'],
    gaveUp().receive(frame('ACCEPT', 1, ''), { fault: 'MESSAGE_MALFORMED' }),
  );
  file.add(
    'client/upload/given-up-too-late',
    'A client gives up after END, and has lost the race.',
    ['FX-8.4-4', 'FX-7.3-6'],
    begin(file, 'client-open', 'upload')
      .do({ action: 'end', stream: 1, length: 0, digest }, { send: end(0) })
      .do(
        { action: 'reset', stream: 1, code: 'CANCELLED' },
        { send: message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) },
      )
      .receive(message('RESULT', 1, done), { events: [{ event: 'result', stream: 1, ...doneAs }] }),
  );
  file.add(
    'server/upload/given-up',
    'The client gives up: the server answers.',
    ['FX-7.3-6', 'FX-7.3-1', 'FX-12.2-1'],
    begin(file, 'server-open', 'upload')
      .receive(
        data(1, hello) + message('RESET', 1, { code: CANCELLED, finalOffset: 5, reason: 'changed my mind' }),
        {
          events: [
            { event: 'data', stream: 1, bytes: hello },
            { event: 'reset', stream: 1, code: 'CANCELLED', reason: 'changed my mind' },
          ],
        },
      )
      .do(
        { action: 'result', stream: 1, status: 'CANCELLED', effect: 'none' },
        { send: message('RESULT', 1, { status: CANCELLED, effect: 'none' }) },
      ),
  );
  file.add(
    'server/upload/final-offset-any',
    '`finalOffset` is for logs: any value is taken.',
    ['FX-7.3-8'],
    begin(file, 'server-open', 'upload').receive(
      message('RESET', 1, { code: 0x1234, finalOffset: Number.MAX_SAFE_INTEGER }),
      { events: [{ event: 'reset', stream: 1, code: 'UNKNOWN_CODE' }] },
    ),
  );
  file.add(
    'server/upload/reset-by-server',
    'RESET is a last word of the server; an upload that is being sent is heard out.',
    ['FX-7.3-7', 'FX-8.4-1'],
    begin(file, 'server-open', 'upload')
      .do(
        { action: 'reset', stream: 1, code: 'INTERNAL' },
        { send: message('RESET', 1, { code: INTERNAL, finalOffset: 0 }) },
      )
      .receive(data(1, hello))
      .receive(message('RESET', 1, { code: CANCELLED, finalOffset: 5 })),
  );
  file.add(
    'server/upload/two-at-once',
    'Two uploads, their frames mixed.',
    ['FX-7.1-5', 'FX-8.2-4'],
    file
      .after('server-open')
      .receive(
        opened('upload') +
          opened('upload', { path: 'b' }, 3) +
          data(3, '33') +
          data(1, '11') +
          end(1, 3) +
          data(1, '1111') +
          end(3),
        {
          events: [
            openEvent('upload'),
            openEvent('upload', { path: 'b' }, 3),
            { event: 'data', stream: 3, bytes: '33' },
            { event: 'data', stream: 1, bytes: '11' },
            endEvent(1, 3),
            { event: 'data', stream: 1, bytes: '1111' },
            endEvent(3),
          ],
        },
      ),
  );
  file.add(
    'server/upload/end-twice',
    'A second END.',
    ['FX-7.2-7'],
    begin(file, 'server-open', 'upload').receive(end(0) + end(0), {
      events: [endEvent(0)],
      fault: 'STATE_VIOLATION',
    }),
  );
  file.add(
    'server/upload/data-after-end',
    'DATA after END: the header is enough.',
    ['FX-7.2-7', 'FX-4.2-1'],
    begin(file, 'server-open', 'upload').receive(end(0) + header(5, types.DATA, 1), {
      events: [endEvent(0)],
      fault: 'STATE_VIOLATION',
    }),
  );
}

function resumedUploads(file) {
  const asked = 2 * BLOCK + 5;
  const resume = (reader, fields = {}) =>
    begin(file, `${reader}-open`, 'upload', { size: asked, offset: asked, ...fields });
  const accept = (fields) => message('ACCEPT', 1, { epoch: 2, ...fields });
  const accepted = (fields) => ({ event: 'accept', stream: 1, epoch: 2, ...fields });

  for (const [name, fields, what] of [
    ['again', { offset: 0 }, 'at the beginning'],
    ['one-block', { offset: BLOCK, prefix }, 'after one block'],
    ['two-blocks', { offset: 2 * BLOCK, prefix }, 'after two blocks'],
    ['all', { offset: asked, prefix }, 'at the offset that was asked for, which is in the middle of a block'],
  ]) {
    const rest = asked - fields.offset;
    const bytes = 'ab'.repeat(Math.min(rest, 5));
    const length = fields.offset + size(bytes);
    const client = resume('client').receive(accept(fields), { events: [accepted(fields)] });
    if (bytes !== '')
      client.do(
        { action: 'write', stream: 1, bytes },
        { send: data(1, bytes), maySend: { 1: 10_000 - size(bytes) } },
      );
    client.do({ action: 'end', stream: 1, length, digest }, { send: message('END', 1, { length, digest }) });
    file.add(
      `client/resume/${name}`,
      `An upload goes on ${what}. END counts from the beginning of the file, credit does not.`,
      ['FX-12.2-4', 'FX-12.2-6', 'FX-12.2-3', 'FX-8.2-4', 'FX-13.1-2'],
      client,
    );
    const server = resume('server').do(
      { action: 'accept', stream: 1, epoch: 2, ...fields },
      { send: accept(fields) },
    );
    server.receive((bytes === '' ? '' : data(1, bytes)) + message('END', 1, { length, digest }), {
      events: [
        ...(bytes === '' ? [] : [{ event: 'data', stream: 1, bytes }]),
        { event: 'end', stream: 1, length, digest },
      ],
    });
    file.add(
      `server/resume/${name}`,
      `An upload goes on ${what}.`,
      ['FX-12.2-4', 'FX-12.2-6', 'FX-8.2-4'],
      server,
    );
  }
  for (const [name, fields, what, rule] of [
    ['between-blocks', { offset: BLOCK + 1, prefix }, 'an offset between two blocks', 'FX-12.2-4'],
    ['beyond', { offset: 3 * BLOCK, prefix }, 'more than was asked for', 'FX-12.2-4'],
    ['just-beyond', { offset: asked + 1, prefix }, 'one byte more than was asked for', 'FX-12.2-4'],
    ['prefix-missing', { offset: BLOCK }, 'an offset without the digest of what is there', 'FX-12.2-6'],
    ['prefix-of-nothing', { offset: 0, prefix }, 'no offset, but a digest', 'FX-12.2-6'],
  ]) {
    file.add(
      `client/resume/accept-${name}`,
      `ACCEPT of ${what}.`,
      [rule],
      resume('client').receive(accept(fields), { fault: 'STATE_VIOLATION' }),
    );
  }
  file.add(
    'client/resume/prefix-not-asked',
    'ACCEPT with a digest, though OPEN had no offset.',
    ['FX-12.2-6'],
    begin(file, 'client-open', 'upload').receive(accept({ offset: 0, prefix }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/resume/source-changed',
    'The digest of the prefix is not that of the source: the client gives up.',
    ['FX-12.2-7'],
    resume('client')
      .receive(accept({ offset: BLOCK, prefix }), { events: [accepted({ offset: BLOCK, prefix })] })
      .do(
        { action: 'reset', stream: 1, code: 'SOURCE_CHANGED' },
        { send: message('RESET', 1, { code: codeNumbers.SOURCE_CHANGED, finalOffset: BLOCK }) },
      )
      .receive(message('RESULT', 1, { status: CANCELLED, effect: 'none' }), {
        events: [{ event: 'result', stream: 1, status: 'CANCELLED', effect: 'none' }],
      }),
  );
  for (const [code, effect] of [
    ['SUPERSEDED', 'unknown'],
    ['OPERATION_MISMATCH', 'none'],
  ]) {
    file.add(
      `client/resume/${code}`,
      `The answer to an upload that asks where to go on is ${code}. Nothing is under way, so no RESET follows.`,
      code === 'SUPERSEDED' ? ['FX-12.1-4', 'FX-12.1-6'] : ['FX-12.1-2'],
      resume('client').receive(message('RESULT', 1, { status: codeNumbers[code], effect }), {
        events: [{ event: 'result', stream: 1, status: code, effect }],
      }),
    );
    file.add(
      `server/resume/${code}`,
      `A server answers ${code}.`,
      code === 'SUPERSEDED' ? ['FX-12.1-4'] : ['FX-12.1-2'],
      resume('server').do(
        { action: 'result', stream: 1, status: code, effect },
        { send: message('RESULT', 1, { status: codeNumbers[code], effect }) },
      ),
    );
  }
  file.add(
    'server/resume/superseded-while-sent',
    'A newer stream goes on with the operation: the older one is answered, and what is under way is dropped.',
    ['FX-12.1-4', 'FX-8.4-1'],
    resume('server', { size: undefined, offset: undefined })
      .do(
        { action: 'accept', stream: 1, offset: 0, epoch: 1 },
        { send: message('ACCEPT', 1, { offset: 0, epoch: 1 }) },
      )
      .receive(opened('upload', { offset: BLOCK }, 3) + data(1, 'aa'), {
        events: [openEvent('upload', { offset: BLOCK }, 3), { event: 'data', stream: 1, bytes: 'aa' }],
      })
      .do(
        { action: 'result', stream: 1, status: 'SUPERSEDED', effect: 'unknown' },
        { send: message('RESULT', 1, { status: codeNumbers.SUPERSEDED, effect: 'unknown' }) },
      )
      .receive(data(1, 'bb') + message('RESET', 1, { code: CANCELLED, finalOffset: 2 }))
      .do(
        { action: 'accept', stream: 3, offset: BLOCK, epoch: 2, prefix },
        { send: message('ACCEPT', 3, { offset: BLOCK, epoch: 2, prefix }) },
      ),
  );
  file.add(
    'server/resume/data-too-early',
    'DATA before ACCEPT: the header is enough.',
    ['FX-12.2-3', 'FX-4.2-1'],
    resume('server').receive(header(5, types.DATA, 1), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'server/resume/end-too-early',
    'END before ACCEPT.',
    ['FX-12.2-3'],
    resume('server').receive(message('END', 1, { length: asked, digest }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'server/resume/offset-beyond-size',
    'OPEN asks for more than the file has.',
    ['FX-12.2-2'],
    file
      .after('server-open')
      .receive(opened('upload', { size: 10, offset: 11 }), { fault: 'MESSAGE_MALFORMED' }),
  );
  file.add(
    'server/resume/offset-is-size',
    'OPEN asks for all that the file has.',
    ['FX-12.2-2'],
    begin(file, 'server-open', 'upload', { size: 10, offset: 10 }),
  );
  file.add(
    'server/resume/offset-without-size',
    'OPEN with an offset and no size.',
    ['FX-12.2-2'],
    begin(file, 'server-open', 'upload', { offset: 11 }),
  );
  file.add(
    'server/resume/offset-zero',
    'An offset of 0, written, begins in *open*.',
    ['FX-8.1-1'],
    begin(file, 'server-open', 'upload', { offset: 0 }).receive(data(1, 'aa'), {
      events: [{ event: 'data', stream: 1, bytes: 'aa' }],
    }),
  );
  for (const [name, length] of [
    ['relative', 5],
    ['short', BLOCK + 4],
  ]) {
    file.add(
      `server/resume/end-${name}`,
      `The upload goes on after one block, five bytes come, END says ${length}.`,
      ['FX-8.2-4'],
      resume('server')
        .do(
          { action: 'accept', stream: 1, offset: BLOCK, epoch: 2, prefix },
          { send: accept({ offset: BLOCK, prefix }) },
        )
        .receive(data(1, 'ab'.repeat(5)), { events: [{ event: 'data', stream: 1, bytes: 'ab'.repeat(5) }] })
        .receive(message('END', 1, { length, digest }), { fault: 'LENGTH_MISMATCH' }),
    );
  }
  const goingOn = () =>
    resume('client').receive(accept({ offset: BLOCK, prefix }), {
      events: [accepted({ offset: BLOCK, prefix })],
    });
  file.add(
    'client/resume/ack',
    'ACK counts from the beginning of the file, from the ACCEPTed offset on.',
    ['FX-8.2-6'],
    goingOn().receive(message('ACK', 1, { offset: BLOCK }), {
      events: [{ event: 'ack', stream: 1, offset: BLOCK }],
    }),
  );
  file.add(
    'client/resume/ack-below-accept',
    'An ACK below the ACCEPTed offset.',
    ['FX-8.2-6'],
    goingOn().receive(message('ACK', 1, { offset: BLOCK - 1 }), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/resume/ack-beyond',
    'An ACK beyond the ACCEPTed offset, before anything was sent.',
    ['FX-8.2-6'],
    goingOn().receive(message('ACK', 1, { offset: BLOCK + 1 }), { fault: 'STATE_VIOLATION' }),
  );
}

// ------------------------------------------------------------------ downloads, listings, calls

function downloads(file) {
  const file5 = {
    offset: 0,
    epoch: 0,
    etag: 'v1',
    size: 5,
    mtime: -1,
    executable: true,
    algorithm: 'sha256',
  };
  const end = (length) => message('END', 1, { length, digest });
  const read = { status: 0, effect: 'none', outcome: 'read' };
  const readAs = { status: 'OK', effect: 'none', outcome: 'read' };
  file.add(
    'client/download/whole',
    'A file of five bytes comes in two frames.',
    ['FX-9.2-1', 'FX-9.2-4', 'FX-9.2-5'],
    begin(file, 'client-open', 'download')
      .receive(message('ACCEPT', 1, file5), { events: [{ event: 'accept', stream: 1, ...file5 }] })
      .receive(data(1, '0102') + data(1, '030405') + end(5) + message('RESULT', 1, read), {
        events: [
          { event: 'data', stream: 1, bytes: '0102030405' },
          { event: 'end', stream: 1, length: 5, digest },
          { event: 'result', stream: 1, ...readAs },
        ],
      })
      .do({ action: 'consume', stream: 1, count: 5 }),
  );
  file.add(
    'server/download/whole',
    'A file of five bytes goes out.',
    ['FX-9.2-1', 'FX-9.2-4', 'FX-9.2-5', 'FX-13.1-1'],
    begin(file, 'server-open', 'download', { ifMatch: 'v1', algorithm: 'sha256' })
      .do(
        { action: 'accept', stream: 1, ...file5 },
        { send: message('ACCEPT', 1, file5), maySend: { 1: 10_000 } },
      )
      .do(
        { action: 'write', stream: 1, bytes: '0102030405' },
        { send: data(1, '0102030405'), maySend: { 1: 9995 } },
      )
      .do({ action: 'end', stream: 1, length: 5, digest }, { send: end(5) })
      .do({ action: 'result', stream: 1, ...readAs }, { send: message('RESULT', 1, read) }),
  );
  file.add(
    'client/download/changed',
    'The file changed while it was sent: a failure in place of END.',
    ['FX-9.2-4'],
    begin(file, 'client-open', 'download')
      .receive(message('ACCEPT', 1, file5) + data(1, '01'), {
        events: [
          { event: 'accept', stream: 1, ...file5 },
          { event: 'data', stream: 1, bytes: '01' },
        ],
      })
      .receive(message('RESULT', 1, { status: codeNumbers.SOURCE_CHANGED, effect: 'none', retry: true }), {
        events: [{ event: 'result', stream: 1, status: 'SOURCE_CHANGED', effect: 'none', retry: true }],
      }),
  );
  file.add(
    'client/download/precondition',
    'It is not the version that was asked for.',
    ['FX-9.2-3'],
    begin(file, 'client-open', 'download', { ifMatch: 'v1' }).receive(
      message('RESULT', 1, { status: codeNumbers.PRECONDITION_FAILED, effect: 'none' }),
      { events: [{ event: 'result', stream: 1, status: 'PRECONDITION_FAILED', effect: 'none' }] },
    ),
  );
  for (const [name, length] of [
    ['less', 1],
    ['more', 3],
  ]) {
    file.add(
      `client/download/end-says-${name}`,
      `Two bytes came, END says ${length}.`,
      ['FX-9.2-5'],
      begin(file, 'client-open', 'download')
        .receive(message('ACCEPT', 1, file5) + data(1, '0102'), {
          events: [
            { event: 'accept', stream: 1, ...file5 },
            { event: 'data', stream: 1, bytes: '0102' },
          ],
        })
        .receive(end(length), { fault: 'LENGTH_MISMATCH' }),
    );
  }
  file.add(
    'client/download/given-up',
    'A client gives up: what is under way is dropped, also an END that does not fit, until the answer.',
    ['FX-7.3-6', 'FX-7.3-8', 'FX-13.2-4'],
    begin(file, 'client-open', 'download')
      .receive(`${message('ACCEPT', 1, file5) + header(4, types.DATA, 1)}0102`, {
        events: [
          { event: 'accept', stream: 1, ...file5 },
          { event: 'data', stream: 1, bytes: '0102' },
        ],
      })
      .do(
        { action: 'reset', stream: 1, code: 'CANCELLED' },
        { send: message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) },
      )
      .receive('0304')
      .receive(data(1, '05') + end(99))
      .receive(message('RESET', 1, { code: CANCELLED, finalOffset: 4 }), {
        events: [{ event: 'reset', stream: 1, code: 'CANCELLED' }],
      }),
  );
  file.add(
    'server/download/given-up',
    'The client gives up: the server stops and answers.',
    ['FX-7.3-6', 'FX-7.3-8'],
    begin(file, 'server-open', 'download')
      .do({ action: 'accept', stream: 1, ...file5 }, { send: message('ACCEPT', 1, file5) })
      .do({ action: 'write', stream: 1, bytes: '0102' }, { send: data(1, '0102') })
      .receive(message('RESET', 1, { code: CANCELLED, finalOffset: 0 }), {
        events: [{ event: 'reset', stream: 1, code: 'CANCELLED' }],
        maySend: { 1: 0 },
      })
      .do(
        { action: 'reset', stream: 1, code: 'CANCELLED' },
        { send: message('RESET', 1, { code: CANCELLED, finalOffset: 2 }) },
      ),
  );

  // Going on.
  for (const [name, offset] of [
    ['there', 7],
    ['again', 0],
  ]) {
    const fields = { offset, epoch: 0, size: 9, mtime: 0 };
    const bytes = 'ab'.repeat(9 - offset);
    file.add(
      `client/download/resume-${name}`,
      offset === 0
        ? 'The server has another file by now: everything comes.'
        : 'The server goes on after the seven bytes that the client has.',
      ['FX-12.4-1', 'FX-12.4-3', 'FX-12.4-4', 'FX-9.2-5'],
      begin(file, 'client-open', 'download', { offset: 7, prefix }).receive(
        message('ACCEPT', 1, fields) + data(1, bytes) + end(9),
        {
          events: [
            { event: 'accept', stream: 1, ...fields },
            { event: 'data', stream: 1, bytes },
            { event: 'end', stream: 1, length: 9, digest },
          ],
        },
      ),
    );
    file.add(
      `server/download/resume-${name}`,
      'The same, seen by the server.',
      ['FX-12.4-1', 'FX-12.4-3', 'FX-9.2-5'],
      begin(file, 'server-open', 'download', { offset: 7, prefix })
        .do(
          { action: 'accept', stream: 1, ...fields },
          { send: message('ACCEPT', 1, fields), maySend: { 1: 10_000 } },
        )
        .do({ action: 'write', stream: 1, bytes }, { send: data(1, bytes) })
        .do({ action: 'end', stream: 1, length: 9, digest }, { send: end(9) }),
    );
  }
  for (const [name, fields, what] of [
    ['between', { offset: BLOCK }, 'less than was asked for, though between two blocks'],
    ['beyond', { offset: 2 * BLOCK + 1 }, 'more than was asked for'],
    ['with-prefix', { offset: 2 * BLOCK, prefix }, 'what was asked for, with a digest'],
    ['again-with-prefix', { offset: 0, prefix }, 'nothing, with a digest'],
  ]) {
    file.add(
      `client/download/accept-${name}`,
      `ACCEPT of ${what}.`,
      ['FX-12.4-3'],
      begin(file, 'client-open', 'download', { offset: 2 * BLOCK, prefix }).receive(
        message('ACCEPT', 1, { epoch: 0, size: 3 * BLOCK, mtime: 0, ...fields }),
        { fault: 'STATE_VIOLATION' },
      ),
    );
  }
  file.add(
    'client/download/accept-not-asked',
    'ACCEPT of an offset, though OPEN had none.',
    ['FX-12.4-3'],
    begin(file, 'client-open', 'download').receive(
      message('ACCEPT', 1, { offset: 1, epoch: 0, size: 3, mtime: 0 }),
      {
        fault: 'STATE_VIOLATION',
      },
    ),
  );
  file.add(
    'server/download/offset-without-prefix',
    'OPEN with an offset and no digest.',
    ['FX-12.4-1'],
    file.after('server-open').receive(opened('download', { offset: 7 }), { fault: 'MESSAGE_MALFORMED' }),
  );
  file.add(
    'server/download/prefix-without-offset',
    'OPEN with a digest and no offset.',
    ['FX-12.4-1'],
    file.after('server-open').receive(opened('download', { prefix }), { fault: 'MESSAGE_MALFORMED' }),
  );
  file.add(
    'server/download/prefix-of-nothing',
    'OPEN with a digest and an offset of 0.',
    ['FX-12.4-1'],
    file
      .after('server-open')
      .receive(opened('download', { offset: 0, prefix }), { fault: 'MESSAGE_MALFORMED' }),
  );
}

function listings(file) {
  const page = [
    { path: 'a', kind: 'directory', size: 0, mtime: 0 },
    { path: 'a/b', kind: 'file', size: 5, mtime: -1, executable: true, etag: 'v1' },
  ];
  const bytes = size(record('ENTRY', { entries: page }));
  file.add(
    'client/listing/pages',
    'Two pages, one of them empty, and the RESULT.',
    ['FX-10.2-1', 'FX-10.2-2', 'FX-10.2-4'],
    begin(file, 'client-open', 'list', { recursive: true })
      .receive(
        message('ENTRY', 1, { entries: page }) +
          message('ENTRY', 1, { entries: [] }) +
          message('RESULT', 1, { status: 0, effect: 'none' }),
        {
          events: [
            { event: 'entries', stream: 1, entries: page, size: bytes },
            { event: 'entries', stream: 1, entries: [], size: 4 },
            { event: 'result', stream: 1, status: 'OK', effect: 'none' },
          ],
        },
      )
      .do({ action: 'consume', stream: 1, count: bytes + 4 }),
  );
  file.add(
    'server/listing/pages',
    'A page spends its payload.',
    ['FX-10.2-1', 'FX-13.1-1'],
    begin(file, 'server-open', 'list', { path: undefined })
      .do(
        { action: 'entries', stream: 1, entries: page },
        { send: message('ENTRY', 1, { entries: page }), maySend: { 1: 10_000 - bytes } },
      )
      .do(
        { action: 'result', stream: 1, status: 'OK', effect: 'none' },
        { send: message('RESULT', 1, { status: 0, effect: 'none' }) },
      ),
  );
  file.add(
    'client/listing/bad-path',
    'A path with "..", in a page.',
    ['FX-15.1-6', 'FX-10.2-2'],
    begin(file, 'client-open', 'list').receive(
      message('ENTRY', 1, { entries: [{ ...entry, path: '../a' }] }),
      {
        fault: 'MESSAGE_MALFORMED',
      },
    ),
  );
}

/** What of a RESULT, or an OPEN, `send` of a vector says: odd fields are taken out before it is compared. */
const compared = ({ receipt: _, digest: __, ...rest }) => rest;

function receipts(file) {
  const asked = { size: 3, receipt: true };
  const told = { status: 'OK', effect: 'applied', outcome: 'created', receipt: 'c0ffee' };
  const content = data(1, '616263');
  const end = message('END', 1, { length: 3, digest });
  file.add(
    'client/upload/receipt',
    'An upload whose client asks for a receipt, and gets one.',
    ['FX-8.5-1'],
    file
      .after('client-open')
      .do(
        { action: 'open', stream: 1, operation: 'upload', operationId, path: 'a', ...asked },
        { send: opened('upload', compared(asked)) },
      )
      .do({ action: 'write', stream: 1, bytes: '616263' }, { send: content })
      .do({ action: 'end', stream: 1, length: 3, digest }, { send: end })
      .receive(message('RESULT', 1, { ...told, status: 0 }), {
        events: [{ event: 'result', stream: 1, ...told }],
      }),
  );
  file.add(
    'server/upload/receipt',
    'A server hears that a receipt is wanted.',
    ['FX-8.5-1'],
    file
      .after('server-open')
      .receive(opened('upload', asked), { events: [openEvent('upload', asked)] })
      .receive(content + end, {
        events: [
          { event: 'data', stream: 1, bytes: '616263' },
          { event: 'end', stream: 1, length: 3, digest },
        ],
      })
      .do(
        { action: 'result', stream: 1, ...told },
        { send: message('RESULT', 1, { ...compared(told), status: 0 }) },
      ),
  );
}

function calls(file) {
  const answers = {
    stat: [{}, { status: 0, effect: 'none', entry }],
    makeDirectory: [
      { parents: true, mtime: 7 },
      { status: 0, effect: 'applied', outcome: 'created' },
    ],
    rename: [
      { target: 'b', ifExists: 'overwrite' },
      { status: 0, effect: 'applied', outcome: 'replaced' },
    ],
    remove: [{ recursive: true }, { status: 0, effect: 'applied', outcome: 'removed' }],
    digest: [{ algorithm: 'sha256' }, { status: 0, effect: 'none', outcome: 'read', entry, digest }],
  };
  for (const [operation, [fields, result]] of Object.entries(answers)) {
    const told = { ...result, status: 'OK' };
    file.add(
      `client/call/${operation}`,
      `${operation}, answered.`,
      ['FX-7.3-1', 'FX-7.3-3'],
      begin(file, 'client-open', operation, fields).receive(message('RESULT', 1, result), {
        events: [{ event: 'result', stream: 1, ...told }],
      }),
    );
    file.add(
      `server/call/${operation}`,
      `${operation}, answered.`,
      ['FX-7.3-1', 'FX-7.3-3'],
      begin(file, 'server-open', operation, fields).do(
        { action: 'result', stream: 1, ...told },
        { send: message('RESULT', 1, compared(result)) },
      ),
    );
  }
  for (const number of [0, 8, 99, 255]) {
    file.add(
      `server/call/unknown-${number}`,
      `Operation ${number} is not known: an answer, and the connection goes on.`,
      ['FX-7.2-1'],
      file
        .after('server-open')
        .receive(message('OPEN', 1, { operation: number, operationId, path: 'a' }), {
          send: message('RESULT', 1, { status: codeNumbers.UNSUPPORTED, effect: 'none' }),
        })
        .receive(opened('stat', {}, 3), { events: [openEvent('stat', {}, 3)] }),
    );
  }
  file.add(
    'server/call/unknown-data-too-early',
    'DATA for an operation that the server does not know. It has been answered already.',
    ['FX-7.2-2', 'FX-7.1-4'],
    file
      .after('server-open')
      .receive(message('OPEN', 1, { operation: 99, operationId }), {
        send: message('RESULT', 1, { status: codeNumbers.UNSUPPORTED, effect: 'none' }),
      })
      .receive(header(1, types.DATA, 1), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/call/answer-that-does-not-fit',
    'A success that says to retry, with an effect that nobody knows, is taken as it comes: what to make of it is for the program.',
    ['FX-7.3-10'],
    begin(file, 'client-open', 'stat').receive(
      message('RESULT', 1, { status: 0, retry: true, effect: 'unknown', outcome: 'skipped' }),
      {
        events: [
          { event: 'result', stream: 1, status: 'OK', retry: true, effect: 'unknown', outcome: 'skipped' },
        ],
      },
    ),
  );
  for (const reader of roles) {
    file.add(
      `${reader}/call/reset-ok`,
      'RESET with `OK` gives the stream up like any other.',
      ['FX-7.3-10'],
      begin(file, `${reader}-open`, 'stat').receive(message('RESET', 1, { code: 0, finalOffset: 0 }), {
        events: [{ event: 'reset', stream: 1, code: 'OK' }],
      }),
    );
  }
  file.add(
    'client/call/unknown-status',
    'A status that nobody knows is a failure.',
    ['FX-7.3-9'],
    begin(file, 'client-open', 'stat').receive(message('RESULT', 1, { status: 0x7abc, effect: 'unknown' }), {
      events: [{ event: 'result', stream: 1, status: 'UNKNOWN_CODE', effect: 'unknown' }],
    }),
  );
  file.add(
    'client/call/local-status',
    'A status that does not travel is as good as unknown.',
    ['FX-7.3-9', 'FX-16.1-2'],
    begin(file, 'client-open', 'stat').receive(message('RESULT', 1, { status: 0xf001, effect: 'none' }), {
      events: [{ event: 'result', stream: 1, status: 'UNKNOWN_CODE', effect: 'none' }],
    }),
  );
}

// ------------------------------------------------------------------ streams

function ids(file) {
  const stat = (stream) => opened('stat', {}, stream);
  const told = (stream) => openEvent('stat', {}, stream);
  const bad = (name, description, streams, last) =>
    file.add(
      `server/ids/${name}`,
      description,
      ['FX-7.1-1'],
      file.after('server-open').receive([...streams, last].map(stat).join(''), {
        events: streams.map(told),
        fault: 'STREAM_LIMIT',
        last: streams.at(-1) ?? 0,
      }),
    );
  bad('even', 'An even id.', [], 2);
  bad('even-later', 'An even id after an odd one.', [1], 4);
  bad('again', 'The same id twice.', [1], 1);
  bad('lower', 'An id that is lower than one before.', [7], 5);
  bad('lower-skipped', 'An id that was left out cannot be used later.', [1, 5], 3);
  file.add(
    'server/ids/gaps',
    'Ids may be left out, up to the last there is.',
    ['FX-7.1-1'],
    file
      .after('server-open')
      .receive([1, 9, 0xffff_ffff].map(stat).join(''), { events: [1, 9, 0xffff_ffff].map(told) }),
  );
  file.add(
    'server/ids/zero',
    'Stream 0 is the connection.',
    ['FX-4.1-2', 'FX-7.1-1'],
    file.after('server-open').receive(header(30, types.OPEN, 0), { fault: 'FRAME_MALFORMED' }),
  );
  file.add(
    'client/ids/ascending',
    'A client counts 1, 3, 5.',
    ['FX-7.1-1'],
    openOn(openOn(begin(file, 'client-open', 'stat', {}, 1), 'stat', {}, 3), 'stat', {}, 5),
  );

  const fill = [1, 3, 5, 7];
  file.add(
    'server/ids/as-many-as-offered',
    'Four streams, as many as this server offered.',
    ['FX-7.1-2', 'FX-19.1-1'],
    file.after('server-open').receive(fill.map(stat).join(''), { events: fill.map(told) }),
  );
  file.add(
    'server/ids/too-many',
    'A fifth stream.',
    ['FX-7.1-2'],
    file.after('server-open').receive([...fill, 9].map(stat).join(''), {
      events: fill.map(told),
      fault: 'STREAM_LIMIT',
      last: 7,
    }),
  );
  file.add(
    'server/ids/room-again',
    'After the last word on one stream there is room for another.',
    ['FX-7.1-2'],
    file
      .after('server-open')
      .receive(fill.map(stat).join(''), { events: fill.map(told) })
      .do(
        { action: 'result', stream: 3, status: 'OK', effect: 'none' },
        { send: message('RESULT', 3, { status: 0, effect: 'none' }) },
      )
      .receive(stat(9), { events: [told(9)] }),
  );

  // Frames of streams that are not there.
  const samples = {
    ACCEPT: (stream) => message('ACCEPT', stream, { offset: 0, epoch: 0 }),
    DATA: (stream) => header(3, types.DATA, stream),
    END: (stream) => message('END', stream, { length: 0, digest }),
    ACK: (stream) => message('ACK', stream, { offset: 0 }),
    ENTRY: (stream) => message('ENTRY', stream, { entries: [entry] }),
    RESULT: (stream) => message('RESULT', stream, { status: 0, effect: 'none' }),
    RESET: (stream) => message('RESET', stream, { code: CANCELLED, finalOffset: 0 }),
    CREDIT: (stream) => message('CREDIT', stream, { limit: 1 }),
  };
  const onlyServer = ['ACCEPT', 'ACK', 'ENTRY', 'RESULT'];
  for (const reader of roles) {
    for (const [name, sample] of Object.entries(samples)) {
      if (reader === 'server' && onlyServer.includes(name)) continue;
      for (const stream of [3, 2]) {
        file.add(
          `${reader}/ids/${name}-never-opened-${stream}`,
          `${name} on stream ${stream}, which was never opened; stream 1 is open.`,
          ['FX-7.1-3'],
          begin(file, `${reader}-open`, 'upload').receive(sample(stream), { fault: 'STATE_VIOLATION' }),
        );
      }
    }
  }
  for (const [name, sample] of Object.entries(samples)) {
    if (onlyServer.includes(name)) continue;
    const late = name === 'RESET' || name === 'CREDIT';
    file.add(
      `server/ids/${name}-left-out`,
      `${name} on an odd stream that was left out: it counts as closed.`,
      late ? ['FX-7.1-1', 'FX-7.1-4'] : ['FX-7.1-1', 'FX-7.1-3', 'FX-7.1-4'],
      file
        .after('server-open')
        .receive(stat(5), { events: [told(5)] })
        .receive(sample(3), late ? {} : { fault: 'STATE_VIOLATION' }),
    );
  }
  for (const reader of roles) {
    for (const name of ['RESET', 'CREDIT']) {
      const closed = begin(file, `${reader}-open`, 'stat');
      if (reader === 'client') {
        closed.receive(message('RESULT', 1, { status: 0, effect: 'none' }), {
          events: [{ event: 'result', stream: 1, status: 'OK', effect: 'none' }],
        });
      } else {
        closed.do(
          { action: 'result', stream: 1, status: 'OK', effect: 'none' },
          { send: message('RESULT', 1, { status: 0, effect: 'none' }) },
        );
      }
      file.add(
        `${reader}/ids/${name}-late-malformed`,
        `${name} on a stream that has closed is ignored only when its form is right.`,
        ['FX-7.1-4', 'FX-4.2-9'],
        closed.receive(frame(name, 1, 'ffff0000'), { fault: 'MESSAGE_MALFORMED' }),
      );
    }
    file.add(
      `${reader}/ids/DATA-never-opened-beyond-credit`,
      'DATA on a stream that was never opened, and of more bytes than were granted: the stream is judged before credit.',
      ['FX-4.2-9'],
      file.after(`${reader}-open`).receive(header(16_384, types.DATA, 9), { fault: 'STATE_VIOLATION' }),
    );
    file.add(
      `${reader}/ids/DATA-before-open`,
      'DATA of more bytes than were granted, before the connection is open: the state is judged first.',
      ['FX-4.2-9', 'FX-6.1-1'],
      file.after(`${reader}-negotiated`).receive(header(16_384, types.DATA, 1), { fault: 'STATE_VIOLATION' }),
    );
  }
  file.add(
    'server/ids/reset-even',
    'RESET on an even stream, below one that was opened: such a stream cannot have ended.',
    ['FX-7.1-3'],
    file.after('server-open').receive(stat(5) + message('RESET', 2, { code: CANCELLED, finalOffset: 0 }), {
      events: [told(5)],
      fault: 'STATE_VIOLATION',
      last: 5,
    }),
  );
}

function senders(file) {
  for (const [name, fields] of [
    ['ACCEPT', { offset: 0, epoch: 0 }],
    ['ACK', { offset: 0 }],
    ['ENTRY', { entries: [entry] }],
    ['RESULT', { status: NO_SPACE, effect: 'none' }],
  ]) {
    for (const operation of Object.keys(numbers)) {
      file.add(
        `server/senders/${name}-on-${operation}`,
        `A client sends ${name} on a stream of ${operation}: only a server does.`,
        ['FX-4.1-3'],
        begin(file, 'server-open', operation).receive(message(name, 1, fields), { fault: 'STATE_VIOLATION' }),
      );
    }
  }
  file.add(
    'client/senders/OPEN',
    'A server sends OPEN: only a client does.',
    ['FX-4.1-3'],
    file.after('client-open').receive(opened('stat'), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'client/senders/OPEN-malformed',
    'A server sends OPEN, without a field: the sender is judged before the form.',
    ['FX-4.1-3', 'FX-4.2-9'],
    file.after('client-open').receive(frame('OPEN', 1), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'server/senders/RESULT-malformed',
    'A client sends RESULT, without a field: the sender is judged before the form.',
    ['FX-4.1-3', 'FX-4.2-9'],
    begin(file, 'server-open', 'stat').receive(frame('RESULT', 1), { fault: 'STATE_VIOLATION' }),
  );
  for (const reader of roles) {
    for (const operation of ['list', 'stat', 'remove']) {
      file.add(
        `${reader}/senders/DATA-on-${operation}`,
        `DATA on a stream of ${operation}, which has none.`,
        ['FX-7.2-7'],
        begin(file, `${reader}-open`, operation).receive(header(3, types.DATA, 1), {
          fault: 'STATE_VIOLATION',
        }),
      );
    }
  }
  file.add(
    'client/senders/DATA-on-upload',
    'DATA of a server on a stream of an upload.',
    ['FX-7.2-7'],
    begin(file, 'client-open', 'upload').receive(header(3, types.DATA, 1), { fault: 'STATE_VIOLATION' }),
  );
  file.add(
    'server/senders/DATA-on-download',
    'DATA of a client on a stream of a download.',
    ['FX-7.2-7'],
    begin(file, 'server-open', 'download').receive(header(3, types.DATA, 1), { fault: 'STATE_VIOLATION' }),
  );
}

// ------------------------------------------------------------------ credit

function credit(file) {
  const zeros = (count) => '00'.repeat(count);
  const told = (count, stream = 1) => ({ event: 'data', stream, bytes: [{ repeat: '00', times: count }] });
  const size5 = { offset: 0, epoch: 0, size: 50_000, mtime: 0 };
  const acceptDownload = (transcript) =>
    transcript.receive(message('ACCEPT', 1, size5), { events: [{ event: 'accept', stream: 1, ...size5 }] });
  /** A stream on which the peer sends file bytes. */
  const receiving = (reader, after) =>
    reader === 'server' ? begin(file, after, 'upload') : acceptDownload(begin(file, after, 'download'));
  const open = (reader, stream, after) => {
    const operation = reader === 'server' ? 'upload' : 'download';
    openOn(after, operation, {}, stream);
    if (reader === 'client') {
      after.receive(message('ACCEPT', stream, size5), { events: [{ event: 'accept', stream, ...size5 }] });
    }
    return after;
  };

  for (const reader of roles) {
    const fresh = () => receiving(reader, `${reader}-open`);
    file.add(
      `${reader}/credit/stream-all`,
      'All that the stream was granted: 10 000 bytes in two frames.',
      ['FX-13.1-2', 'FX-13.1-1', 'FX-19.1-1'],
      fresh().receive(data(1, zeros(6000)) + data(1, zeros(4000)), { events: [told(10_000)] }),
    );
    file.add(
      `${reader}/credit/stream-exceeded`,
      'One byte more than the stream was granted: the header is enough.',
      ['FX-13.1-3'],
      fresh().receive(header(10_001, types.DATA, 1), { fault: 'CREDIT_EXCEEDED' }),
    );
    file.add(
      `${reader}/credit/stream-exceeded-later`,
      'One byte more than the stream was granted, in the second frame, before the first was consumed.',
      ['FX-13.1-3', 'FX-13.2-2'],
      fresh()
        .receive(data(1, zeros(9000)), { events: [told(9000)], grantedAtMost: { 1: 10_000 } })
        .receive(header(1001, types.DATA, 1), { fault: 'CREDIT_EXCEEDED' }),
    );
    const narrow = () => receiving(reader, `${reader}-narrow`);
    file.add(
      `${reader}/credit/connection-all`,
      'All that the connection was granted: 8192 bytes on a stream that has more.',
      ['FX-13.1-2', 'FX-19.1-1'],
      narrow().receive(data(1, zeros(8192)), { events: [told(8192)] }),
    );
    file.add(
      `${reader}/credit/connection-exceeded`,
      'One byte more than the connection was granted, on a stream that has more: the header is enough.',
      ['FX-13.1-3'],
      narrow().receive(header(8193, types.DATA, 1), { fault: 'CREDIT_EXCEEDED' }),
    );
    file.add(
      `${reader}/credit/returned`,
      'What was consumed is granted again: the peer may then send at least half a window, of the stream and of the connection.',
      ['FX-13.2-1', 'FX-13.2-2', 'FX-13.2-3'],
      fresh()
        .receive(data(1, zeros(10_000)), { events: [told(10_000)], grantedAtMost: { 1: 10_000 } })
        .do({ action: 'consume', stream: 1, count: 10_000 }, { granted: { 0: 20_000, 1: 15_000 } })
        .receive(data(1, zeros(5000)), { events: [told(5000)] }),
    );
    file.add(
      `${reader}/credit/least-window`,
      'When everything was consumed there is credit for 4608 bytes at least, also in the least window.',
      ['FX-13.2-3'],
      receiving(reader, `${reader}-least`)
        .receive(data(1, zeros(8192)), { events: [told(8192)] })
        .do({ action: 'consume', stream: 1, count: 8192 }, { granted: { 0: 12_800, 1: 12_800 } })
        .receive(data(1, zeros(4608)), { events: [told(4608)] }),
    );
    // Four streams of 10 000 bytes are more than the connection has; each is consumed before the next.
    const several = open(reader, 3, open(reader, 1, file.after(`${reader}-open`)));
    file.add(
      `${reader}/credit/streams-are-separate`,
      'Each stream has its own credit, and the credit of the connection is theirs together.',
      ['FX-13.1-1', 'FX-13.1-2', 'FX-7.1-5'],
      several
        .receive(data(1, zeros(10_000)), { events: [told(10_000)] })
        .do({ action: 'consume', stream: 1, count: 10_000 }, { granted: { 0: 20_000, 1: 15_000, 3: 10_000 } })
        .receive(data(3, zeros(10_000)), { events: [told(10_000, 3)] })
        .do({ action: 'consume', stream: 3, count: 10_000 }, { granted: { 0: 30_000, 3: 15_000 } }),
    );
    const given = narrow();
    if (reader === 'client') {
      given.do(
        { action: 'reset', stream: 1, code: 'CANCELLED' },
        { send: message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) },
      );
    } else {
      given.do(
        { action: 'result', stream: 1, status: 'NO_SPACE', effect: 'none' },
        { send: message('RESULT', 1, { status: NO_SPACE, effect: 'none' }) },
      );
    }
    file.add(
      `${reader}/credit/given-up`,
      'What comes for a stream that was given up is dropped, and its credit returned: on the connection, not on the stream.',
      ['FX-13.2-4', reader === 'client' ? 'FX-7.3-6' : 'FX-8.4-1'],
      given.receive(data(1, zeros(8192)), { granted: { 0: 12_800 }, grantedAtMost: { 1: 12_000 } }),
    );
    file.add(
      `${reader}/credit/given-up-exceeded`,
      'Credit is counted on a stream that was given up as well.',
      ['FX-13.1-3'],
      (() => {
        const transcript = fresh();
        if (reader === 'client') {
          transcript.do(
            { action: 'reset', stream: 1, code: 'CANCELLED' },
            { send: message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) },
          );
        } else {
          transcript.do(
            { action: 'result', stream: 1, status: 'NO_SPACE', effect: 'none' },
            { send: message('RESULT', 1, { status: NO_SPACE, effect: 'none' }) },
          );
        }
        return transcript.receive(header(10_001, types.DATA, 1), { fault: 'CREDIT_EXCEEDED' });
      })(),
    );

    // The other way: what the reader may send.
    const send = (after) => {
      const transcript = begin(file, after, reader === 'client' ? 'upload' : 'download');
      if (reader === 'server') {
        transcript.do({ action: 'accept', stream: 1, ...size5 }, { send: message('ACCEPT', 1, size5) });
      }
      return transcript;
    };
    const written = (transcript, count, left) =>
      transcript.do(
        { action: 'write', stream: 1, bytes: [{ repeat: '00', times: count }] },
        { send: data(1, zeros(count)), maySend: { 1: left } },
      );
    const sending = written(send(`${reader}-open`), 4000, 6000);
    file.add(
      `${reader}/credit/raised`,
      'CREDIT of the stream, then of the connection; one that is lower than before, or the same, changes nothing.',
      ['FX-13.2-1', 'FX-13.1-1', 'FX-13.1-2'],
      written(sending, 6000, 0)
        .receive(message('CREDIT', 0, { limit: 21_000 }), { maySend: { 1: 0 } })
        .receive(message('CREDIT', 1, { limit: 9000 }), { maySend: { 1: 0 } })
        .receive(message('CREDIT', 1, { limit: 10_000 }), { maySend: { 1: 0 } })
        .receive(message('CREDIT', 1, { limit: 12_000 }), { maySend: { 1: 2000 } })
        .receive(message('CREDIT', 1, { limit: 11_000 }), { maySend: { 1: 2000 } })
        .receive(message('CREDIT', 1, { limit: 50_000 }), { maySend: { 1: 11_000 } })
        .receive(message('CREDIT', 0, { limit: 20_000 }), { maySend: { 1: 11_000 } })
        .receive(message('CREDIT', 0, { limit: 30_000 }), { maySend: { 1: 20_000 } }),
    );
    file.add(
      `${reader}/credit/connection-first`,
      'The connection has less credit than the stream.',
      ['FX-13.1-2', 'FX-13.1-3'],
      written(send(`${reader}-narrow-peer`), 8192, 0).receive(message('CREDIT', 0, { limit: 9192 }), {
        maySend: { 1: 1000 },
      }),
    );
    file.add(
      `${reader}/credit/highest`,
      'The highest limit there is.',
      ['FX-13.2-7'],
      send(`${reader}-open`).receive(
        message('CREDIT', 0, { limit: Number.MAX_SAFE_INTEGER }) +
          message('CREDIT', 1, { limit: Number.MAX_SAFE_INTEGER }),
        { maySend: { 1: Number.MAX_SAFE_INTEGER } },
      ),
    );
    file.add(
      `${reader}/credit/too-high`,
      'A limit of 2^53.',
      ['FX-13.2-7', 'FX-5.2-1'],
      send(`${reader}-open`).receive(frame('CREDIT', 1, '000200080020000000000000'), {
        fault: 'MESSAGE_MALFORMED',
      }),
    );
  }
  // Pages spend credit too.
  const entries = Array(34).fill({ path: 'x'.repeat(255), kind: 'file', size: 0, mtime: 0 });
  const page = message('ENTRY', 1, { entries });
  const spent = size(page) - 10;
  file.add(
    'client/credit/pages',
    'Pages spend the credit of the stream.',
    ['FX-10.2-1', 'FX-13.1-3'],
    begin(file, 'client-open', 'list')
      .receive(message('ENTRY', 1, { entries }), {
        events: [{ event: 'entries', stream: 1, entries, size: spent }],
        grantedAtMost: { 1: 10_000 },
      })
      .receive(page, { fault: 'CREDIT_EXCEEDED' }),
  );
}

// ------------------------------------------------------------------ the connection itself

function pings(file) {
  const ping = (token) => message('PING', 0, { token });
  const pong = (token) => message('PONG', 0, { token });
  for (const reader of roles) {
    file.add(
      `${reader}/ping/answered`,
      'PINGs are answered in order, with their tokens, whatever these are.',
      ['FX-18.1-1'],
      file.after(`${reader}-open`).receive(ping(9) + ping(0) + ping(Number.MAX_SAFE_INTEGER) + ping(9), {
        send: pong(9) + pong(0) + pong(Number.MAX_SAFE_INTEGER) + pong(9),
      }),
    );
    const asked = () =>
      file
        .after(`${reader}-open`)
        .do({ action: 'ping', token: 1 }, { send: ping(1) })
        .do({ action: 'ping', token: 2 }, { send: ping(2) });
    file.add(
      `${reader}/ping/sent`,
      'PONGs come in the order of the PINGs.',
      ['FX-18.1-1', 'FX-18.1-2'],
      asked()
        .receive(pong(1), { events: [{ event: 'pong', token: 1 }] })
        .receive(pong(2), { events: [{ event: 'pong', token: 2 }] })
        .receive(pong(2), { fault: 'STATE_VIOLATION' }),
    );
    file.add(
      `${reader}/ping/out-of-order`,
      'A PONG that answers the second PING before the first.',
      ['FX-18.1-2'],
      asked().receive(pong(2), { fault: 'STATE_VIOLATION' }),
    );
    file.add(
      `${reader}/ping/other-token`,
      'A PONG with a token that nobody asked with.',
      ['FX-18.1-2'],
      asked().receive(pong(3), { fault: 'STATE_VIOLATION' }),
    );
    file.add(
      `${reader}/ping/unasked`,
      'A PONG without a PING.',
      ['FX-18.1-2'],
      file.after(`${reader}-open`).receive(pong(0), { fault: 'STATE_VIOLATION' }),
    );
  }
}

function ends(file) {
  const bye = (code, lastStream, reason) =>
    message('GOAWAY', 0, { code: codeNumbers[code], lastStream, reason });
  const told = (code, lastStream, reason) => ({
    event: 'goaway',
    code,
    lastStream,
    ...(reason === undefined ? {} : { reason }),
  });
  const result = (stream) => message('RESULT', stream, { status: 0, effect: 'none' });
  const resultEvent = (stream) => ({ event: 'result', stream, status: 'OK', effect: 'none' });
  const answer = (stream) => ({ action: 'result', stream, status: 'OK', effect: 'none' });

  for (const reader of roles) {
    file.add(
      `${reader}/goaway/idle`,
      'A graceful GOAWAY, with nothing running.',
      ['FX-17.2-2', 'FX-17.2-4'],
      file
        .after(`${reader}-open`)
        .receive(bye('OK', 0, 'bye'), { events: [told('OK', 0, 'bye'), { event: 'drained' }] }),
    );
    file.add(
      `${reader}/goaway/own-idle`,
      'The reader says goodbye, with nothing running; GOAWAY of the peer may cross it.',
      ['FX-17.2-2', 'FX-17.2-4'],
      file
        .after(`${reader}-open`)
        .do({ action: 'shutdown' }, { send: goAway('OK', 0), events: [{ event: 'drained' }] })
        .receive(bye('OK', 0), { events: [told('OK', 0)] }),
    );
    file.add(
      `${reader}/goaway/abort`,
      'GOAWAY with another code ends everything at once: no answer, and what follows is not read.',
      ['FX-17.2-1', 'FX-17.1-5'],
      begin(file, `${reader}-open`, 'upload').receive(
        bye('SHUTTING_DOWN', 1, 'now') +
          message('RESET', 1, { code: CANCELLED, finalOffset: 0 }) +
          message('PING', 0, { token: 1 }),
        { events: [told('SHUTTING_DOWN', 1, 'now')] },
      ),
    );
    file.add(
      `${reader}/goaway/abort-while-draining`,
      'A graceful end that turns out otherwise.',
      ['FX-17.2-1', 'FX-17.2-2'],
      begin(file, `${reader}-open`, 'upload')
        .receive(bye('OK', 1), { events: [told('OK', 1)] })
        .receive(bye('INTERNAL', 1), { events: [told('INTERNAL', 1)] }),
    );
    file.add(
      `${reader}/goaway/twice`,
      'A second graceful GOAWAY is no fault.',
      ['FX-17.2-2', 'FX-6.1-1'],
      begin(file, `${reader}-open`, 'upload')
        .receive(bye('OK', 1), { events: [told('OK', 1)] })
        .receive(bye('OK', 1), { events: [told('OK', 1)] }),
    );
    file.add(
      `${reader}/goaway/own-abort`,
      'The reader ends the connection: what comes then is not read.',
      ['FX-17.2-1', 'FX-17.2-5'],
      begin(file, `${reader}-open`, 'stat')
        .do({ action: 'abort', code: 'INTERNAL' }, { send: goAway('INTERNAL', 1) })
        .receive(message('PING', 0, { token: 1 }) + frame(0x42, 0, '')),
    );
    file.add(
      `${reader}/goaway/local-code`,
      'The reader ends the connection with a code that does not travel: it says INTERNAL.',
      ['FX-16.1-2'],
      file
        .after(`${reader}-open`)
        .do({ action: 'abort', code: 'CONNECTION_LOST' }, { send: goAway('INTERNAL', 0) }),
    );
  }
  file.add(
    'client/goaway/drains',
    'The server says goodbye while two calls run; they finish.',
    ['FX-17.2-2', 'FX-17.2-4'],
    openOn(begin(file, 'client-open', 'stat'), 'stat', {}, 3)
      .receive(bye('OK', 3), { events: [told('OK', 3)] })
      .receive(result(1), { events: [resultEvent(1)] })
      .receive(result(3), { events: [resultEvent(3), { event: 'drained' }] }),
  );
  file.add(
    'server/goaway/drains',
    'The server says goodbye while a call runs. An OPEN that was under way is refused.',
    ['FX-17.2-2', 'FX-17.2-3', 'FX-17.2-4'],
    begin(file, 'server-open', 'stat')
      .do({ action: 'shutdown' }, { send: goAway('OK', 1) })
      .receive(opened('upload', {}, 3), {
        send: message('RESULT', 3, { status: codeNumbers.SHUTTING_DOWN, retry: true, effect: 'none' }),
      })
      .receive(data(3, 'aa') + message('END', 3, { length: 1, digest }))
      .do(answer(1), { send: result(1), events: [{ event: 'drained' }] }),
  );
  file.add(
    'server/goaway/last-stream',
    '`lastStream` is the highest id that was seen, also of streams that have ended.',
    ['FX-17.2-5'],
    begin(file, 'server-open', 'stat', {}, 7)
      .do(answer(7), { send: result(7) })
      .do({ action: 'shutdown' }, { send: goAway('OK', 7), events: [{ event: 'drained' }] }),
  );
}

function faults(file) {
  const ping = message('PING', 0, { token: 1 });
  for (const reader of roles) {
    const running = () => begin(file, `${reader}-open`, 'upload', {}, 1);
    const fault = (name, description, rules, bytes, code, more = {}) =>
      file.add(
        `${reader}/fault/${name}`,
        description,
        rules,
        running().receive(bytes, { fault: code, ...more }),
      );
    fault(
      'type',
      'An unknown frame.',
      ['FX-4.2-7', 'FX-17.1-1', 'FX-17.2-5'],
      header(5, 0x42, 1),
      'FRAME_UNKNOWN',
    );
    fault(
      'flags',
      'Flags on a PING.',
      ['FX-4.1-1', 'FX-17.1-1'],
      header(12, types.PING, 0, 1),
      'FRAME_MALFORMED',
    );
    fault(
      'too-large',
      'A frame that is too large.',
      ['FX-4.2-4', 'FX-17.1-1'],
      header(65_537, types.PING, 0),
      'FRAME_TOO_LARGE',
    );
    fault(
      'data-too-large',
      'DATA that is longer than this end offered to take.',
      ['FX-4.2-3', 'FX-17.1-1'],
      header(16_385, types.DATA, 1),
      'FRAME_TOO_LARGE',
    );
    fault(
      'empty-data',
      'DATA without a byte.',
      ['FX-4.1-5', 'FX-17.1-1'],
      header(0, types.DATA, 1),
      'FRAME_MALFORMED',
    );
    fault(
      'message',
      'A message that cannot be read.',
      ['FX-5.1-7', 'FX-17.1-1'],
      frame('RESET', 1, ''),
      'MESSAGE_MALFORMED',
    );
    fault(
      'after-others',
      'What came before the fault in the same read has been acted on, what comes after has not.',
      ['FX-17.1-2', 'FX-17.1-1'],
      ping + header(0, types.DATA, 1) + ping,
      'FRAME_MALFORMED',
      { send: message('PONG', 0, { token: 1 }) },
    );
    file.add(
      `${reader}/fault/first-is-last`,
      'A second fault is not told, and not answered.',
      ['FX-17.1-2', 'FX-17.1-1'],
      running()
        .receive(header(0, types.DATA, 1), { fault: 'FRAME_MALFORMED' })
        .receive(header(65_537, types.PING, 0))
        .receive(message('GOAWAY', 0, { code: 6, lastStream: 1 })),
    );
    file.add(
      `${reader}/fault/skipped-between`,
      'Frames of later types, between and around others, change nothing.',
      ['FX-4.2-6', 'FX-20.1-4'],
      running().receive(frame(0xf0, 1, '00', 7) + ping + frame(0x80, 99, 'ff'.repeat(20)) + frame(0xfe, 0), {
        send: message('PONG', 0, { token: 1 }),
      }),
    );
    file.add(
      `${reader}/fault/unknown-field`,
      'A field with an odd tag that nobody knows, in a PING.',
      ['FX-5.1-5', 'FX-20.1-4'],
      running().receive(frame('PING', 0, `${record('PING', { token: 1 })}fff30002abcd`), {
        send: message('PONG', 0, { token: 1 }),
      }),
    );
  }
}
