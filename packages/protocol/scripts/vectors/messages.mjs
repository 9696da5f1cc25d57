// messages.json: what the payload of each frame says, and how it cannot be written.
import {
  ascii,
  field,
  i64,
  layouts,
  notation,
  record,
  size,
  u8,
  u16,
  u32,
  u64,
  utf8,
  words,
} from './writer.mjs';

const MAX = 9_007_199_254_740_991;
const bytes = (count, byte = 'ab') => byte.repeat(count);

/** The kind of every field, and what a message needs, typed from PROTOCOL.md. */
const kinds = {
  HELLO: {
    versions: 'u16[]',
    capabilities: 'u16[]',
    digests: 'u16[]',
    maxDataPayload: 'u32',
    maxStreams: 'u32',
    streamWindow: 'u64',
    connectionWindow: 'u64',
    nonce: 'bytes[32]',
    mechanisms: 'text[64][]',
    agent: 'text[128]',
  },
  AUTH: { mechanism: 'text[64]', data: 'bytes[0..4096]', step: 'step', principal: 'text[255]' },
  OPEN: {
    operation: 'u8',
    operationId: 'bytes[16]',
    path: 'path',
    target: 'path',
    size: 'u64',
    ifExists: 'policy',
    mtime: 'i64',
    executable: 'flag',
    algorithm: 'algorithm',
    recursive: 'flag',
    parents: 'flag',
    ifMatch: 'text[255]',
    offset: 'u64',
    prefix: 'bytes[32]',
  },
  ACCEPT: {
    offset: 'u64',
    epoch: 'u32',
    etag: 'text[255]',
    size: 'u64',
    mtime: 'i64',
    executable: 'flag',
    algorithm: 'algorithm',
    prefix: 'bytes[32]',
  },
  END: { length: 'u64', digest: 'bytes[32]' },
  ACK: { offset: 'u64' },
  ENTRY: { entries: 'entry[]' },
  RESULT: {
    status: 'u16',
    detail: 'text[1024]',
    retry: 'flag',
    effect: 'effect',
    outcome: 'outcome',
    path: 'path',
    etag: 'text[255]',
    entry: 'entry',
  },
  RESET: { code: 'u16', finalOffset: 'u64', reason: 'text[1024]' },
  CREDIT: { limit: 'u64' },
  PING: { token: 'u64' },
  PONG: { token: 'u64' },
  GOAWAY: { code: 'u16', lastStream: 'u32', reason: 'text[1024]' },
  entry: { path: 'path', kind: 'kind', size: 'u64', mtime: 'i64', executable: 'flag', etag: 'text[255]' },
};

/**
 * Fields that were added after the vectors were frozen, with a value for each. What is frozen was made without them, so they
 * have vectors of their own.
 */
const added = {
  OPEN: { receipt: ['flag', true] },
  RESULT: { receipt: ['bytes[0..8192]', 'c0ffee'], digest: ['bytes[32]', '77'.repeat(32)] },
};
const addedTo = (name) => added[name] ?? {};

const entry = { path: 'a', kind: 'file', size: 1, mtime: 2 };

/** Each message with nothing but its required fields. */
const least = {
  HELLO: {
    versions: [1],
    capabilities: [],
    digests: [1],
    maxDataPayload: 4096,
    maxStreams: 1,
    streamWindow: 8192,
    connectionWindow: 8192,
    nonce: bytes(32, '11'),
  },
  AUTH: {},
  OPEN: { operation: 1, operationId: bytes(16, '33') },
  ACCEPT: { offset: 0, epoch: 0 },
  END: { length: 0, digest: bytes(32, '44') },
  ACK: { offset: 0 },
  ENTRY: { entries: [entry] },
  RESULT: { status: 0, effect: 'none' },
  RESET: { code: 32, finalOffset: 0 },
  CREDIT: { limit: 8192 },
  PING: { token: 1 },
  PONG: { token: 1 },
  GOAWAY: { code: 0, lastStream: 0 },
  entry: { kind: 'file', size: 0, mtime: 0 },
};

/** Each message with every field it can have. */
const most = {
  HELLO: { ...least.HELLO, mechanisms: ['ANONYMOUS', 'X-TOKEN'], agent: 'example/1.0' },
  AUTH: { mechanism: 'ANONYMOUS', data: 'c0ffee', step: 'success', principal: 'anonymous' },
  OPEN: {
    ...least.OPEN,
    path: 'folder/file',
    target: 'folder/other',
    size: 123_456_789,
    ifExists: 'newer',
    mtime: 1_700_000_000_123_456,
    executable: true,
    algorithm: 'blake3',
    recursive: true,
    parents: true,
    ifMatch: 'v1',
    offset: 1_048_576,
    prefix: bytes(32, '55'),
  },
  ACCEPT: {
    offset: 1_048_576,
    epoch: 2,
    etag: 'v1',
    size: 123_456_789,
    mtime: -1,
    executable: true,
    algorithm: 'sha256',
    prefix: bytes(32, '55'),
  },
  END: { length: 123_456_789, digest: bytes(32, '66') },
  ACK: { offset: 1_048_576 },
  ENTRY: {
    entries: [
      { path: 'a', kind: 'directory', size: 0, mtime: 0 },
      { path: 'a/b', kind: 'file', size: 5, mtime: -1, executable: true, etag: 'v1' },
    ],
  },
  RESULT: {
    status: 37,
    detail: 'it is there',
    retry: true,
    effect: 'unknown',
    outcome: 'renamed',
    path: 'a (2)',
    etag: 'v2',
    entry: { path: 'a', kind: 'file', size: 5, mtime: 1, executable: true, etag: 'v2' },
  },
  RESET: { code: 32, finalOffset: 4096, reason: 'no more' },
  CREDIT: { limit: 300_000 },
  PING: { token: 4_294_967_296 },
  PONG: { token: 4_294_967_296 },
  GOAWAY: { code: 13, lastStream: 41, reason: 'maintenance' },
  entry: { path: 'a', kind: 'file', size: 5, mtime: 1, executable: true, etag: 'v2' },
};

const malformed = (rule) => ({ rules: [rule] });
const width = malformed('FX-5.1-3');
const range = malformed('FX-5.2-1');
const bounds = malformed('FX-5.2-5');
const text = malformed('FX-5.2-3');
const isPath = malformed('FX-15.1-6');

function number(bits, write) {
  const count = bits / 8;
  const top = bits === 64 ? MAX : 2 ** bits - 1;
  return {
    valid: [
      ['zero', 'is 0', 0],
      ['max', `is ${top}, the highest`, top],
      ...(bits === 64 ? [['beyond-u32', 'is 2^32: more than four bytes hold', 2 ** 32]] : []),
    ],
    invalid: [
      ['short', `has ${count - 1} bytes`, write(1).slice(2), width],
      ['long', `has ${count + 1} bytes`, `00${write(1)}`, width],
      ...(bits === 64
        ? [
            ['beyond', 'is 2^53', u64(2n ** 53n), range],
            ['all-ones', 'is 2^64-1', 'ff'.repeat(8), range],
          ]
        : []),
    ],
  };
}

function wordCases(list) {
  const known = words[list].flatMap((word, index) => (word === undefined ? [] : [[word, index]]));
  return {
    valid: known.map(([word, index]) => [`word-${word}`, `is ${index}, "${word}"`, word]),
    invalid: [
      [
        'next-word',
        `is ${words[list].length}, which is no word yet`,
        u8(words[list].length),
        malformed('FX-5.2-2'),
      ],
      ['no-word', 'is 255, which is no word', 'ff', malformed('FX-5.2-2')],
      ...(words[list][0] === undefined
        ? [['zero', 'is 0, which is no word', '00', malformed('FX-5.2-2')]]
        : []),
      ['empty', 'has no bytes', '', width],
      ['long', 'has two bytes', '0001', width],
    ],
  };
}

function textCases(max) {
  const wide = '\u20ac'.repeat(Math.floor(max / 3)) + 'x'.repeat(max % 3);
  return {
    valid: [
      ['empty', 'is empty, which is not the same as absent', ''],
      ['max', `has ${max} bytes`, 'x'.repeat(max)],
      ['max-multibyte', `has ${max} bytes in fewer characters`, wide],
    ],
    invalid: [
      ['too-long', `has ${max + 1} bytes`, ascii('x'.repeat(max + 1)), bounds],
      ['not-utf8', 'is not UTF-8', 'ff', text],
      ['cut-character', 'ends inside a character', '61e282', text],
      ['surrogate', 'has a surrogate', 'eda080', text],
      ['overlong', 'has an overlong form', 'c0af', text],
    ],
  };
}

/** What a field of each kind can be: `[label, what it is, value]`, or `[label, what it is, bytes, why not]`. */
const cases = {
  u8: number(8, u8),
  u16: number(16, u16),
  u32: number(32, u32),
  u64: number(64, u64),
  i64: {
    valid: [
      ['zero', 'is 0', 0],
      ['max', 'is 2^53-1, the highest', MAX],
      ['min', 'is -(2^53-1), the lowest', -MAX],
      ['minus-one', 'is -1: eight bytes 0xff', -1],
      ['below-32-bits', 'is -(2^32)-1', -(2 ** 32) - 1],
    ],
    invalid: [
      ['short', 'has 7 bytes', i64(1).slice(2), width],
      ['long', 'has 9 bytes', `00${i64(1)}`, width],
      ['beyond', 'is 2^53', i64(2n ** 53n), range],
      ['below', 'is -(2^53)', i64(-(2n ** 53n)), range],
      ['lowest-of-64-bits', 'is -(2^63)', i64(-(2n ** 63n)), range],
    ],
  },
  flag: {
    valid: [['set', 'is set', true]],
    invalid: [
      ['false', 'is written as a byte 0', '00', width],
      ['byte', 'has a byte', '01', width],
    ],
  },
  'bytes[16]': fixed(16),
  'bytes[32]': fixed(32),
  'bytes[0..4096]': {
    valid: [
      ['empty', 'is empty, which is not the same as absent', ''],
      ['one', 'has one byte', '00'],
      ['max', 'has 4096 bytes', bytes(4096)],
    ],
    invalid: [['too-long', 'has 4097 bytes', bytes(4097), bounds]],
  },
  'bytes[0..8192]': {
    valid: [
      ['empty', 'is empty, which is not the same as absent', ''],
      ['max', 'has 8192 bytes', bytes(8192)],
    ],
    invalid: [['too-long', 'has 8193 bytes', bytes(8193), bounds]],
  },
  'text[64]': textCases(64),
  'text[128]': textCases(128),
  'text[255]': textCases(255),
  'text[1024]': textCases(1024),
  path: {
    valid: [
      ['deep', 'has several segments, not all of them ASCII', 'a/b c/\u20ac'],
      ['segment-longest', 'has a segment of 255 bytes', 'x'.repeat(255)],
      [
        'longest',
        'has 4096 bytes',
        `${`${'x'.repeat(255)}/`.repeat(15)}${'x'.repeat(127)}/${'x'.repeat(128)}`,
      ],
    ],
    invalid: [
      ['empty', 'is empty: the root is said by leaving the field out', '', malformed('FX-5.1-4')],
      ['absolute', 'begins with "/"', ascii('/a'), isPath],
      ['parent', 'has a segment ".."', ascii('a/../b'), isPath],
      ['nul', 'has a NUL', '610062', isPath],
      ['not-utf8', 'is not UTF-8', '61ff', isPath],
      ['segment-too-long', 'has a segment of 256 bytes', ascii('x'.repeat(256)), isPath],
      ['too-long', 'has 4097 bytes', ascii(Array(2049).fill('x').join('/')), isPath],
    ],
  },
  'u16[]': {
    valid: [
      ['empty', 'has no item', []],
      ['one', 'has one item', [65_535]],
      ['several', 'has several items, in any order, also twice', [1, 0x7a7a, 0, 1]],
      ['many', 'has 500 items', Array(500).fill(0x1a1a)],
    ],
    invalid: [
      ['cut-first-item', 'ends inside its first item', '00', bounds],
      ['cut-later-item', 'ends inside an item', '000100', bounds],
    ],
  },
  'text[64][]': {
    valid: [
      ['empty', 'has no item', []],
      ['one', 'has one item', ['ANONYMOUS']],
      ['several', 'has several items, also twice, also empty', ['A', '', 'A', 'x'.repeat(64)]],
    ],
    invalid: [
      ['cut-length', 'ends inside the length of an item', '00', bounds],
      ['cut-item', 'ends inside an item', '00024142'.slice(0, -2), bounds],
      ['item-beyond', 'has an item that says 65 535 bytes', 'ffff41', bounds],
      ['rest', 'has a byte after its last item', '00014100', bounds],
      ['item-too-long', 'has an item of 65 bytes', u16(65) + ascii('x'.repeat(65)), bounds],
      ['item-not-utf8', 'has an item that is not UTF-8', '0001ff', text],
    ],
  },
  'entry[]': {
    valid: [
      ['empty', 'has no entry', []],
      ['one', 'has one entry', [entry]],
      ['many', 'has 40 entries', Array(40).fill(entry)],
    ],
    invalid: [
      ['cut-length', 'ends inside the length of an entry', '00', bounds],
      [
        'cut-entry',
        'ends inside an entry',
        u16(size(record('entry', entry)) + 1) + record('entry', entry),
        bounds,
      ],
      [
        'rest',
        'has a byte after its last entry',
        `${u16(size(record('entry', entry)))}${record('entry', entry)}00`,
        bounds,
      ],
      ['no-fields', 'has an entry without fields', '0000', malformed('FX-5.1-8')],
    ],
  },
  entry: {
    valid: [
      [
        'of-the-root',
        'is the entry of the root, which has no path',
        { kind: 'directory', size: 0, mtime: 0 },
      ],
    ],
    invalid: [
      ['empty', 'has no fields', '', malformed('FX-5.1-8')],
      ['rest', 'has a byte after its last field', `${record('entry', entry)}00`, malformed('FX-5.1-8')],
    ],
  },
  policy: wordCases('policy'),
  kind: wordCases('kind'),
  outcome: wordCases('outcome'),
  effect: wordCases('effect'),
  algorithm: wordCases('algorithm'),
  step: wordCases('step'),
};

function fixed(count) {
  return {
    valid: [
      ['zeros', `has ${count} bytes 0`, bytes(count, '00')],
      ['ones', `has ${count} bytes 0xff`, bytes(count, 'ff')],
    ],
    invalid: [
      ['short', `has ${count - 1} bytes`, bytes(count - 1), width],
      ['long', `has ${count + 1} bytes`, bytes(count + 1), width],
      ['empty', 'has no bytes', '', width],
    ],
  };
}

/** What a sound value of a kind shows. */
function ruleOf(kind) {
  if (kind === 'u64' || kind === 'i64') return 'FX-5.2-1';
  if (kind === 'path') return 'FX-15.1-5';
  if (kind in words) return 'FX-5.2-2';
  if (kind === 'flag') return 'FX-5.1-4';
  if (kind.startsWith('text') || kind.includes('[]') || kind.includes('..')) return 'FX-5.2-5';
  return 'FX-5.1-3';
}

/** The fields of a message as they are on the wire, with some of them replaced by, or added as, raw bytes. */
function splice(name, fields, raw = {}) {
  const layout = layouts[name];
  const all = Object.entries(layout)
    .filter(([key]) => fields[key] !== undefined && raw[layout[key][0]] === undefined)
    .map(([key, [tag]]) => [tag, record(name, { [key]: fields[key] }).slice(8)]);
  for (const [tag, value] of Object.entries(raw)) all.push([Number(tag), value]);
  return all
    .sort(([a], [b]) => a - b)
    .map(([tag, value]) => field(tag, value))
    .join('');
}

export function messageVectors() {
  const vectors = [];
  /** An entry is tried inside the message that carries it: a page with one entry. */
  const wrap = (name, payload) =>
    name === 'entry' ? ['ENTRY', field(2, u16(size(payload)) + payload)] : [name, payload];
  const valid = (name, label, description, rules, payload, fields, canonical) => {
    const [message, whole] = wrap(name, payload);
    const again = canonical === undefined ? undefined : wrap(name, canonical)[1];
    vectors.push({
      name: `${name}${label}`,
      description,
      rules,
      message,
      payload: notation(whole),
      fields: name === 'entry' ? { entries: [fields] } : written(name, fields),
      ...(again === undefined ? {} : { canonical: notation(again) }),
    });
  };
  const invalid = (name, label, description, rules, payload) => {
    const [message, whole] = wrap(name, payload);
    vectors.push({
      name: `${name}${label}`,
      description,
      rules,
      message,
      payload: notation(whole),
      error: 'MESSAGE_MALFORMED',
    });
  };

  for (const name of Object.keys(kinds)) {
    const inEntry = name === 'entry' ? ['FX-5.1-8'] : [];
    const what = name === 'entry' ? 'An entry' : name;
    const required = Object.keys(least[name]).length;
    const leastBytes = record(name, least[name]);
    const mostBytes = record(name, most[name]);
    valid(
      name,
      '/least',
      `${what} with nothing but what is required.`,
      ['FX-5.1-7', ...inEntry],
      leastBytes,
      least[name],
    );
    valid(name, '/most', `${what} with every field.`, ['FX-5.1-1', ...inEntry], mostBytes, most[name]);

    for (const key of [...Object.keys(kinds[name]), ...Object.keys(addedTo(name))]) {
      const kind = kindOf(name, key);
      const everything = { ...most[name], ...(addedTo(name)[key] && { [key]: addedTo(name)[key][1] }) };
      const [tag] = layouts[name][key];
      const isRequired = least[name][key] !== undefined;
      // A field that is there alone, besides what is required, shows that it needs none of the others.
      for (const [label, is, value] of cases[kind].valid) {
        const fields = { ...least[name], [key]: value };
        valid(
          name,
          `.${key}/${label}`,
          `\`${key}\` ${is}.`,
          [ruleOf(kind), ...inEntry],
          record(name, fields),
          fields,
        );
      }
      for (const [label, is, value, { rules }] of cases[kind].invalid) {
        invalid(
          name,
          `.${key}/${label}`,
          `\`${key}\` ${is}.`,
          [...rules, ...inEntry],
          splice(name, least[name], { [tag]: value }),
        );
      }
      if (isRequired) {
        const { [key]: _, ...rest } = least[name];
        invalid(
          name,
          `.${key}/missing`,
          `\`${key}\` is not there.`,
          ['FX-5.1-7', ...inEntry],
          record(name, rest),
        );
      }
      const once = record(name, { [key]: everything[key] });
      invalid(
        name,
        `.${key}/twice`,
        `\`${key}\` is there twice, with the same value.`,
        ['FX-5.1-1', ...inEntry],
        doubled(name, everything, key, once),
      );
      const all = record(name, everything);
      const at = placeOf(name, everything, key);
      invalid(
        name,
        `.${key}/cut`,
        `The message ends one byte before ${once.length > 8 ? `the end of \`${key}\`` : `the end of the header of \`${key}\``}.`,
        ['FX-5.1-2', ...inEntry],
        all.slice(0, at + once.length - 2),
      );
    }

    // The structure of the message.
    const tags = Object.keys(kinds[name]).map((key) => layouts[name][key][0]);
    const lastTag = Math.max(...tags);
    const odd = lastTag % 2 === 0 ? lastTag + 1 : lastTag + 2;
    const before = field(1, 'deadbeef');
    const after = field(0xffff, '');
    valid(
      name,
      '/unknown-odd',
      'Fields with odd tags that nobody knows, before and after the known ones, are ignored, and not written again.',
      ['FX-5.1-5', ...inEntry],
      before + leastBytes + field(odd, '00'.repeat(3)) + field(0xfff1, ascii('grease')) + after,
      least[name],
      leastBytes,
    );
    if (tags.length > 1 && required > 1) {
      const [first] = Object.keys(least[name]);
      const head = record(name, { [first]: least[name][first] });
      const unknown = field(layouts[name][first][0] + 1, 'ffffffff');
      const knownOdd = tags.includes(layouts[name][first][0] + 1);
      if (!knownOdd) {
        valid(
          name,
          '/unknown-odd-between',
          'A field with an odd tag that nobody knows, between known ones, is ignored.',
          ['FX-5.1-5', ...inEntry],
          head + unknown + leastBytes.slice(head.length),
          least[name],
          leastBytes,
        );
      }
    }
    invalid(
      name,
      '/unknown-odd-twice',
      'An unknown field may not be there twice either.',
      ['FX-5.1-1', ...inEntry],
      leastBytes + after + after,
    );
    invalid(
      name,
      '/unknown-odd-out-of-order',
      'An unknown field has its place in the order as well.',
      ['FX-5.1-1', ...inEntry],
      leastBytes + field(0xffff, '') + field(0xfffd, ''),
    );
    invalid(
      name,
      '/unknown-odd-cut',
      'An unknown field must lie within the message.',
      ['FX-5.1-2', ...inEntry],
      `${leastBytes + after.slice(0, 4) + u16(2)}00`,
    );
    invalid(
      name,
      '/unknown-even',
      'A field with an even tag that this version does not know.',
      ['FX-5.1-6', ...inEntry],
      leastBytes + field(0xfffe, ''),
    );
    invalid(
      name,
      '/unknown-zero',
      'Tag 0 is even, and unknown.',
      ['FX-5.1-6', ...inEntry],
      field(0, '') + leastBytes,
    );
    if (required === 0) {
      valid(name, '/no-bytes', 'A message without fields has no bytes.', ['FX-5.1-7'], '', {});
    } else {
      invalid(name, '/no-bytes', 'No bytes at all.', ['FX-5.1-7', ...inEntry], '');
    }
    for (const rest of [1, 2, 3]) {
      invalid(
        name,
        `/rest-${rest}`,
        `${rest} bytes after the last field: less than the header of another.`,
        ['FX-5.1-2', ...inEntry],
        leastBytes + (rest === 1 ? 'ff' : rest === 2 ? 'ffff' : 'ffff00'),
      );
    }
    if (Object.keys(most[name]).length > 1) {
      const [first, second] = Object.keys(most[name]);
      const one = record(name, { [first]: most[name][first] });
      const two = record(name, { [second]: most[name][second] });
      invalid(
        name,
        '/swapped',
        `\`${second}\` comes before \`${first}\`.`,
        ['FX-5.1-1', ...inEntry],
        two + one + mostBytes.slice(one.length + two.length),
      );
    }
    if (tags.length > 2) {
      const keys = Object.keys(most[name]);
      const tail = record(name, { [keys.at(-1)]: most[name][keys.at(-1)] });
      invalid(
        name,
        '/last-first',
        `\`${keys.at(-1)}\` comes first.`,
        ['FX-5.1-1', ...inEntry],
        tail + mostBytes.slice(0, mostBytes.length - tail.length),
      );
    }
  }

  // Fields that came later, together with all the others.
  for (const [name, fields] of Object.entries(added)) {
    const values = Object.fromEntries(Object.entries(fields).map(([key, [, value]]) => [key, value]));
    const all = { ...most[name], ...values };
    const later = 'with every field, those too that were added later';
    valid(name, '/most-with-added', `${name} ${later}.`, ['FX-5.1-1', 'FX-20.1-1'], record(name, all), all);
  }

  // The longest payloads.
  const room = 65_536 - size(record('HELLO', least.HELLO)) - 4;
  valid(
    'HELLO',
    '/longest',
    'A payload of 65 536 bytes, most of them in a field that nobody knows.',
    ['FX-4.2-4', 'FX-5.1-5'],
    record('HELLO', least.HELLO) + field(0xfff3, '00'.repeat(room)),
    least.HELLO,
    record('HELLO', least.HELLO),
  );
  // Entries inside RESULT are entries as well.
  const result = (entryBytes) => splice('RESULT', least.RESULT, { 14: entryBytes });
  invalid(
    'RESULT',
    '.entry/unknown-even',
    'The entry has a field with an even tag that this version does not know.',
    ['FX-5.1-8', 'FX-5.1-6'],
    result(record('entry', entry) + field(0xfffe, '')),
  );
  invalid(
    'RESULT',
    '.entry/path-parent',
    'The path of the entry has a segment "..".',
    ['FX-15.1-6', 'FX-5.1-8'],
    result(splice('entry', entry, { 2: utf8('..') })),
  );
  valid(
    'RESULT',
    '.entry/unknown-odd',
    'The entry has a field with an odd tag that nobody knows.',
    ['FX-5.1-8', 'FX-5.1-5'],
    result(record('entry', entry) + field(0xffff, '01')),
    { ...least.RESULT, entry },
    result(record('entry', entry)),
  );
  for (const [status, what] of [
    [0x00ff, 'that nobody has given a meaning yet'],
    [0xf000, 'that is local to an end'],
    [0xffff, 'that is local to an end'],
  ]) {
    const fields = { ...least.RESULT, status };
    valid(
      'RESULT',
      `.status/unknown-${u16(status)}`,
      `A status ${what} is sound as a number.`,
      ['FX-7.3-9'],
      record('RESULT', fields),
      fields,
    );
  }
  return vectors;
}

/** Fields as they stand in a vector: bytes in the notation of bytes. */
function written(name, fields) {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      kindOf(name, key).startsWith('bytes') ? notation(value) : value,
    ]),
  );
}

function kindOf(name, key) {
  return kinds[name][key] ?? addedTo(name)[key][0];
}

/** Where a field begins, in hex digits. */
function placeOf(name, fields, key) {
  const before = Object.keys(layouts[name]);
  const those = before.slice(0, before.indexOf(key)).filter((other) => fields[other] !== undefined);
  return record(name, Object.fromEntries(those.map((other) => [other, fields[other]]))).length;
}

/** The message with one of its fields written twice in a row. */
function doubled(name, fields, key, once) {
  const all = record(name, fields);
  const at = placeOf(name, fields, key);
  return all.slice(0, at) + once + all.slice(at);
}
