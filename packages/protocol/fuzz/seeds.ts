import { concat } from '../src/testing/bytes.js';
import { dataFrame, messageFrame, rawFrame } from '../src/testing/frames.js';
import { greasedHello, op } from '../src/testing/peer.js';
import { frameScope, frameTypes, type MessageName } from '../src/wire/frame.js';
import { encodeMessage, type Messages, messageFields } from '../src/wire/messages.js';
import { PREFACE } from '../src/wire/preface.js';
import { cues } from './inputs.js';
import { actCue, type Role } from './program.js';

const digest = new Uint8Array(32);
const operationId = new Uint8Array(16);

const take = rawFrame(cues.take, 0, new Uint8Array(0));
/** To the next timeout. */
const pass = rawFrame(cues.pass, 0, Uint8Array.of(0, 1));

const frameOf = (name: MessageName, message: never): Uint8Array =>
  rawFrame(frameTypes[name], frameScope[name] === 'connection' ? 0 : 1, encodeMessage(name, message));

interface AnyField {
  readonly required: boolean;
  readonly kind: { readonly name: string };
}

const entry = { path: 'a', kind: 'file', size: 1, mtime: -1, executable: false, etag: 'v' } as const;

/** A value of each kind, found by its name, so that a kind nobody thought of here fails loudly. */
function sample(kind: string): unknown {
  const sized = /^(bytes|text)\[(?:0\.\.)?(\d+)\]$/.exec(kind);
  if (sized?.[1] === 'bytes') return new Uint8Array(Math.min(32, Number(sized[2])));
  if (sized !== null) return 'text';
  if (kind in values) return values[kind];
  if (kind.endsWith('[]')) return [sample(kind.slice(0, -2)), sample(kind.slice(0, -2))];
  throw new Error(`no value for the kind "${kind}"`);
}
const values: Readonly<Record<string, unknown>> = {
  u8: 1,
  u16: 1,
  u32: 8192,
  u64: 8192,
  i64: -1,
  flag: true,
  path: 'a/b',
  entry,
  'u16[]': [1, 2],
  'conflict policy': 'rename',
  outcome: 'created',
  effect: 'none',
  'digest algorithm': 'sha256',
  'authentication step': 'success',
};

/** Every message with all of its fields and with no more than it must have, alone and after a preface. */
export function messageSeeds(): Uint8Array[] {
  const frames = Object.entries(messageFields).flatMap(([name, fields]) =>
    [true, false].map((all) => {
      const chosen = Object.entries(fields as Readonly<Record<string, AnyField>>).filter(
        ([, field]) => all || field.required,
      );
      const message = Object.fromEntries(chosen.map(([field, { kind }]) => [field, sample(kind.name)]));
      return frameOf(name as MessageName, message as never);
    }),
  );
  const data = [1, 200].map((count) => dataFrame(1, new Uint8Array(count).fill(7)));
  return [...frames, ...data].flatMap((each) => [each, concat([PREFACE, each])]);
}

/** How others than FileX begin. */
export function openingSeeds(): Uint8Array[] {
  const texts = [
    'GET / HTTP/1.1\r\n',
    'SSH-2.0-x\r\n',
    '220 ready\r\n',
    '\x16\x03\x01\x02',
    '<html',
    'hello\r\n',
    '\0',
  ];
  return [...texts.map((text) => Uint8Array.from(Buffer.from(text, 'latin1'))), PREFACE];
}

export function pathSeeds(): Uint8Array[] {
  const texts = [
    'a',
    'a/b',
    '../a',
    './a',
    '/a',
    'a//b',
    'a/',
    'a\0',
    '\ufeffb',
    'é'.repeat(127),
    'a'.repeat(256),
  ];
  const long = Array.from({ length: 16 }, () => 'x'.repeat(255)).join('/');
  const wide = ['\ud83e', '\u{1f980}', 'a/../b'].map((text) => Buffer.from(text, 'utf16le').swap16());
  return [...[...texts, long, `${long}/yy`].map((text) => Buffer.from(text)), ...wide].map((each) =>
    Uint8Array.from(each),
  );
}

const hello = concat([PREFACE, messageFrame('HELLO', 0, greasedHello)]);

/** Handshakes, as the peer of this role sees them. */
export function freshSeeds(role: Role): Uint8Array[] {
  const server = [
    concat([hello, messageFrame('AUTH', 0, { mechanism: 'ANONYMOUS' }), actCue('authenticated')]),
    concat([
      hello,
      messageFrame('AUTH', 0, { mechanism: 'PLAIN', data: Uint8Array.of(1) }),
      actCue('challenge'),
      messageFrame('AUTH', 0, { data: Uint8Array.of(2) }),
      actCue('authenticated'),
      open(1, op.stat),
    ]),
  ];
  const client = [
    concat([hello, actCue('authenticate'), messageFrame('AUTH', 0, { step: 'success', principal: 'a' })]),
    concat([
      hello,
      actCue('authenticate'),
      messageFrame('AUTH', 0, { step: 'continue', data: Uint8Array.of(1) }),
      actCue('authenticate'),
      messageFrame('AUTH', 0, { step: 'success' }),
      actCue('open', 1, op.stat - 1),
    ]),
  ];
  return [...(role === 'server' ? server : client), ...openingSeeds(), goAway(0), goAway(5)];
}

const open = (stream: number, operation: number, more: Partial<Messages['OPEN']> = {}): Uint8Array =>
  messageFrame('OPEN', stream, { operation, operationId, path: 'a', ...more });
const data = (stream: number, count: number): Uint8Array => dataFrame(stream, new Uint8Array(count));
const end = (stream: number, length: number): Uint8Array => messageFrame('END', stream, { length, digest });
const reset = (stream: number): Uint8Array => messageFrame('RESET', stream, { code: 0x20, finalOffset: 0 });
const credit = (stream: number, limit: number): Uint8Array => messageFrame('CREDIT', stream, { limit });
const goAway = (code: number): Uint8Array => messageFrame('GOAWAY', 0, { code, lastStream: 0 });
const ping = messageFrame('PING', 0, { token: 1 });
const repeat = (count: number, ...parts: Uint8Array[]): Uint8Array[] =>
  Array.from({ length: count }, () => concat(parts));

/** What goes on in a connection that is open, as its server sees it. */
export function serverSeeds(): Uint8Array[] {
  const upload = [open(1, op.upload, { size: 5 }), data(1, 5), end(1, 5)];
  const download = [open(1, op.download), actCue('accept'), actCue('write', 1, 100)];
  const listing = [open(1, op.list), actCue('writeEntries', 1, 3)];
  return [
    [...upload, actCue('accept'), actCue('consume', 1, 5), actCue('acknowledge', 1, 5), actCue('result')],
    [
      open(1, op.upload),
      actCue('accept'),
      data(1, 9),
      actCue('acknowledge', 1, 9),
      end(1, 9),
      actCue('result'),
    ],
    [open(1, op.upload), data(1, 5), reset(1), actCue('result', 1, 1), actCue('consume', 1, 5)],
    [...upload, reset(1), actCue('result'), actCue('consume', 1, 4)],
    [open(1, op.upload), data(1, 5), actCue('result', 1, 1), data(1, 9), data(1, 4096), reset(1)],
    [open(1, op.upload), actCue('reset'), data(1, 9), end(1, 9)],
    [open(1, op.upload), ...repeat(4, data(1, 4096), actCue('consume', 1, 4096))],
    [
      open(1, op.upload),
      ...repeat(2, data(1, 4096)),
      actCue('withhold', 1, 4096),
      actCue('consume', 1, 8192),
    ],
    [
      open(1, op.upload),
      open(3, op.upload),
      ...repeat(2, data(1, 4096), data(3, 4096)),
      actCue('consume', 3, 4096),
    ],
    [open(1, op.upload), ...repeat(3, data(1, 4096))],
    [
      open(1, op.upload, { offset: 2 ** 20, size: 2 ** 20 + 5 }),
      actCue('accept', 1, 3),
      data(1, 5),
      end(1, 2 ** 20 + 5),
    ],
    [open(1, op.upload, { offset: 9, size: 9 }), actCue('accept', 1, 0x0902), end(1, 9), actCue('result')],
    [
      open(1, op.download, { offset: 9, prefix: digest }),
      actCue('accept', 1, 0x0982),
      actCue('write', 1, 4),
      actCue('end'),
    ],
    [...download, actCue('end'), actCue('result')],
    [
      ...download,
      credit(1, 20_000),
      credit(0, 30_000),
      actCue('write', 1, 4000),
      reset(1),
      actCue('result', 1, 1),
    ],
    [
      ...download,
      actCue('write', 1, 4000),
      actCue('write', 1, 4000),
      actCue('write', 1, 4000),
      credit(1, 10_001),
    ],
    [...listing, actCue('result')],
    [...listing, reset(1), actCue('reset')],
    [
      open(1, op.stat),
      open(3, op.remove),
      reset(3),
      actCue('result'),
      actCue('result', 3),
      open(5, op.rename),
    ],
    [open(1, 99), open(3, 99), take, open(5, 99), open(7, op.makeDirectory)],
    [ping, ping, take, actCue('ping'), messageFrame('PONG', 0, { token: 1 })],
    [...repeat(33, ping)],
    [open(1, op.stat), goAway(0), open(3, op.stat), actCue('result')],
    [open(1, op.stat), actCue('shutdown'), open(3, op.stat), actCue('result'), goAway(0)],
    [goAway(0x0d)],
    [pass, ping, pass, pass],
    [
      rawFrame(0x99, 7, Uint8Array.of(1, 2, 3)),
      rawFrame(0x9a, 0, new Uint8Array(0)),
      open(1, op.stat),
      actCue('abort'),
    ],
    [actCue('budget', 1, 0), open(1, op.upload), ...repeat(3, data(1, 2000), actCue('consume', 1, 2000))],
  ].map(concat);
}

const accept = (stream: number, offset = 0, prefix?: Uint8Array): Uint8Array =>
  messageFrame('ACCEPT', stream, { offset, epoch: 0, prefix });
const ack = (stream: number, offset: number): Uint8Array => messageFrame('ACK', stream, { offset });
const result = (stream: number, status: number): Uint8Array =>
  messageFrame('RESULT', stream, { status, effect: 'none' });
const entries = (stream: number): Uint8Array => messageFrame('ENTRY', stream, { entries: [entry, entry] });

/** The same as its client sees it. */
export function clientSeeds(): Uint8Array[] {
  const [upload, download, list, stat] = [0, 1, 2, 3].map((operation) => actCue('open', 1, operation)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const sent = [upload, actCue('write', 1, 100)];
  return [
    [...sent, accept(1), ack(1, 50), ack(1, 100), actCue('end'), ack(1, 100), result(1, 0)],
    [...sent, actCue('end'), accept(1), result(1, 0)],
    [...sent, actCue('end'), actCue('reset'), accept(1), ack(1, 100), result(1, 0)],
    [...sent, accept(1), actCue('reset'), ack(1, 3), result(1, 0x20)],
    [...sent, result(1, 0x2b)],
    [...sent, messageFrame('RESET', 1, { code: 0x33, finalOffset: 0, reason: 'no' })],
    [
      upload,
      actCue('write', 1, 4000),
      actCue('write', 1, 4000),
      credit(1, 20_000),
      credit(0, 30_000),
      actCue('write', 1, 4000),
    ],
    [download, accept(1), data(1, 9), actCue('consume', 1, 9), end(1, 9), result(1, 0)],
    [download, accept(1), data(1, 9), actCue('reset'), data(1, 4096), end(1, 4105), result(1, 0)],
    [download, accept(1), data(1, 9), result(1, 0x32), actCue('consume', 1, 9)],
    [download, accept(1), ...repeat(4, data(1, 4096), actCue('consume', 1, 4096))],
    // An upload and a download that go on, from 2^20 and from 2^1.
    [
      actCue('open', 1, 0x1404),
      accept(1, 2 ** 20, digest),
      actCue('write', 1, 7),
      actCue('end'),
      result(1, 0),
    ],
    [actCue('open', 1, 0x1404), result(1, 0x35)],
    [actCue('open', 1, 0x0104), accept(1, 2), data(1, 9), end(1, 11), result(1, 0)],
    [
      download,
      download,
      accept(1),
      accept(3),
      ...repeat(2, data(1, 4096), data(3, 4096)),
      actCue('consume', 3, 4096),
    ],
    [list, entries(1), actCue('consume', 1, 40), entries(1), result(1, 0)],
    [list, entries(1), actCue('reset'), entries(1), result(1, 0)],
    [stat, result(1, 0), stat, result(3, 0x23), reset(3)],
    [stat, actCue('reset'), result(1, 0), credit(1, 5)],
    [actCue('ping'), messageFrame('PONG', 0, { token: 1 }), ping, take],
    [stat, goAway(0), actCue('open'), result(1, 0)],
    [stat, actCue('shutdown'), goAway(0), result(1, 0)],
    [goAway(0x0d)],
    [pass, messageFrame('PONG', 0, { token: 1 }), pass, pass],
  ].map(concat);
}
