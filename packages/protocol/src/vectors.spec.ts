import { beforeAll, describe, expect, it } from 'vitest';
import { codeName, codes } from './codes.js';
import { FilexError } from './errors.js';
import { limitTable, resolveLimits } from './limits.js';
import { loadDigestProviders } from './node/digests.js';
import { clobber, hex } from './testing/bytes.js';
import { rawField, rawFrame } from './testing/frames.js';
import { allTables } from './testing/tables.js';
import {
  type Beginning,
  bytesOf,
  digitsOf,
  isTranscript,
  type TranscriptVector,
  vectorFiles,
} from './testing/vectors/files.js';
import { fromNotation, plain, toNotation } from './testing/vectors/notation.js';
import { everySplit, inPieces, splitPositions } from './testing/vectors/splits.js';
import { beginningOf, type Cut, expectedOf, firstCut, run } from './testing/vectors/transcript.js';
import { formatUrl, parseUrl, type Scheme } from './url.js';
import type { DigestAlgorithm } from './vocabulary.js';
import { FrameDecoder } from './wire/decoder.js';
import { BLOCK_SIZE, digestsEqual, type HashFactory, TreeDigest } from './wire/digest.js';
import { frameName, frameTypes, type MessageName } from './wire/frame.js';
import { decodeMessage, encodeMessage } from './wire/messages.js';
import { foreignReply, PREFACE } from './wire/preface.js';

const MAX_CONTROL = limitTable.maxControlPayload.cap;

/** What a decoder made of an input, as text, to be compared quickly. */
interface Seen {
  frames: { type: string; stream: number; payload: string }[];
  fault?: string;
  /** Bytes that had come when the fault was told. */
  by?: number;
  foreign?: string | undefined;
  prefaced: boolean;
  complete: boolean;
}

function decode(pieces: readonly Uint8Array[], maxDataPayload: number): Seen {
  const seen: Seen = { frames: [], prefaced: false, complete: false };
  let open = 0;
  let came = 0;
  const decoder = new FrameDecoder(
    {
      onPreface: () => {
        seen.prefaced = true;
      },
      onDataHeader: (stream, length) => {
        seen.frames.push({ type: 'DATA', stream, payload: '' });
        open = length;
      },
      onData: (_stream, bytes) => {
        (seen.frames.at(-1) as { payload: string }).payload += hex(bytes);
        open -= bytes.length;
      },
      onFrame: (type, stream, payload) => {
        seen.frames.push({ type: frameName(type) as string, stream, payload: hex(payload) });
      },
      onFault: (code, _message, foreign) => {
        seen.fault = code;
        seen.by = came;
        seen.foreign = foreign;
      },
    },
    { maxDataPayload, maxControlPayload: MAX_CONTROL },
  );
  for (const piece of pieces) {
    came += piece.length;
    decoder.push(piece);
    clobber(piece);
  }
  seen.complete = decoder.atBoundary && open === 0;
  return seen;
}

/** Runs `each` over every split and expects what it returns to be `expected`, whatever the split. */
function atEverySplit<T>(bytes: Uint8Array, expected: T, each: (pieces: Uint8Array[]) => T): void {
  const wanted = JSON.stringify(expected);
  for (const pieces of everySplit(bytes)) {
    const sizes = pieces.length > 3 ? 'one byte at a time' : pieces.map(({ length }) => length).join(' + ');
    const result = each(pieces);
    if (JSON.stringify(result) !== wanted) expect(result, `cut into ${sizes}`).toEqual(expected);
  }
}

const prefaced = (bytes: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(PREFACE.length + bytes.length);
  whole.set(PREFACE);
  whole.set(bytes, PREFACE.length);
  return whole;
};

describe('frames.json', () => {
  it.each(vectorFiles['frames.json'].vectors)('$name', (vector) => {
    const bytes = bytesOf(vector.bytes);
    const maxDataPayload = vector.maxDataPayload ?? limitTable.maxDataPayload.standard;
    const frames = vector.frames.map((frame) => ({ ...frame, payload: digitsOf(frame.payload) }));
    const expected = { frames, fault: vector.fault, complete: vector.complete };
    atEverySplit(bytes, expected, (pieces) => {
      const { frames: seen, fault, complete } = decode([PREFACE.slice(), ...pieces], maxDataPayload);
      return { frames: seen, fault, complete: fault === undefined ? complete : undefined };
    });
    if (vector.by !== undefined) {
      // The bytes up to there are enough.
      const { fault } = decode([prefaced(bytes).slice(0, PREFACE.length + vector.by)], maxDataPayload);
      expect(fault).toBe(vector.fault);
    }
  });
});

describe('preface.json', () => {
  it.each(vectorFiles['preface.json'].vectors)('$name', (vector) => {
    const bytes = bytesOf(vector.bytes);
    const foreign = vector.preface === 'foreign';
    atEverySplit(
      bytes,
      {
        prefaced: vector.preface === 'whole',
        fault: foreign ? 'BAD_PREFACE' : undefined,
        foreign: vector.takenFor,
      },
      (pieces) => {
        const seen = decode(pieces, 4096);
        return {
          prefaced: seen.prefaced,
          fault: seen.fault,
          foreign: vector.takenFor === undefined ? undefined : seen.foreign,
        };
      },
    );
    if (vector.by === undefined) return;
    const early = decode(inPieces(bytes.subarray(0, vector.by), 1), 4096);
    expect({ prefaced: early.prefaced, fault: early.fault }).toEqual(
      foreign ? { prefaced: false, fault: 'BAD_PREFACE' } : { prefaced: true, fault: undefined },
    );
    if (vector.answerBegins !== undefined) {
      expect(hex(foreignReply(early.foreign as never))).toMatch(new RegExp(`^${vector.answerBegins}`));
    }
  });
});

/** Decodes payloads that come in a frame each, cut anywhere; one decoder takes them all, one after the other. */
function payloadDecoder(name: MessageName): (pieces: readonly Uint8Array[]) => unknown {
  let result: unknown;
  const decoder = new FrameDecoder(
    {
      onPreface: () => undefined,
      onDataHeader: () => undefined,
      onData: () => undefined,
      onFrame: (_type, _stream, payload) => {
        const { message, fault } = decodeMessage(name, payload);
        result = fault === undefined ? message : 'MESSAGE_MALFORMED';
      },
      onFault: (code) => {
        result = code;
      },
    },
    { maxDataPayload: 4096, maxControlPayload: MAX_CONTROL },
  );
  decoder.push(PREFACE);
  return (pieces) => {
    result = 'nothing came';
    for (const piece of pieces) {
      decoder.push(piece);
      // What was decoded must not be a view of what was read.
      clobber(piece);
    }
    return toNotation(result);
  };
}

const connectionMessages = ['HELLO', 'AUTH', 'PING', 'PONG', 'GOAWAY'];
const inFrame = (name: MessageName, payload: Uint8Array): Uint8Array =>
  rawFrame(frameTypes[name], connectionMessages.includes(name) ? 0 : 1, payload);

describe('messages.json', () => {
  it.each(vectorFiles['messages.json'].vectors)('$name', ({ message: name, payload, fields, canonical }) => {
    const bytes = bytesOf(payload);
    const expected = fields === undefined ? 'MESSAGE_MALFORMED' : plain(name, fields);
    atEverySplit(inFrame(name, bytes), expected, payloadDecoder(name));
    // By itself as well: the input may be a Buffer, whose `slice` is a view.
    const buffer = Buffer.from(bytes);
    const { message, fault } = decodeMessage(name, buffer);
    clobber(buffer);
    expect(toNotation(fault === undefined ? message : 'MESSAGE_MALFORMED')).toEqual(expected);
    if (fields === undefined) return;
    expect(hex(encodeMessage(name, fromNotation(name, fields)))).toBe(digitsOf(canonical ?? payload));
    // What is read from there is the same again.
    const again = decodeMessage(name, bytesOf(canonical ?? payload));
    expect(toNotation(again.message)).toEqual(expected);
  });
});

describe('utf8.json', () => {
  it.each(vectorFiles['utf8.json'].vectors)('$name', ({ bytes, codePoints }) => {
    // As the reason of a GOAWAY.
    const fields = [
      rawField(2, Uint8Array.of(0, 0)),
      rawField(4, new Uint8Array(4)),
      rawField(5, bytesOf(bytes)),
    ];
    const text = codePoints === undefined ? undefined : String.fromCodePoint(...codePoints);
    const expected = text === undefined ? 'MESSAGE_MALFORMED' : { code: 0, lastStream: 0, reason: text };
    atEverySplit(inFrame('GOAWAY', Buffer.concat(fields)), expected, payloadDecoder('GOAWAY'));
    if (text === undefined) return;
    expect(hex(encodeMessage('GOAWAY', { code: 0, lastStream: 0, reason: text }))).toBe(
      hex(Buffer.concat(fields)),
    );
  });
});

describe('paths.json', () => {
  it.each(vectorFiles['paths.json'].vectors)('$name', ({ bytes, segments, error }) => {
    const path = bytesOf(bytes);
    const operationId = new Uint8Array(16);
    const payload = Buffer.concat([
      rawField(2, Uint8Array.of(4)),
      rawField(4, operationId),
      rawField(6, path),
    ]);
    const text = Buffer.from(path).toString('utf8');
    const expected = error ?? { operation: 4, operationId: hex(operationId), path: text };
    atEverySplit(inFrame('OPEN', payload), expected, payloadDecoder('OPEN'));
    if (error !== undefined) return;
    expect(text.split('/')).toHaveLength(segments as number);
    expect(hex(encodeMessage('OPEN', { operation: 4, operationId, path: text }))).toBe(hex(payload));
  });
});

describe('digests.json', () => {
  const hashes = new Map<DigestAlgorithm, HashFactory>();
  beforeAll(async () => {
    for (const { algorithm, create } of await loadDigestProviders()) hashes.set(algorithm, create);
  });

  const contents = new Map<string, Uint8Array>();
  const contentOf = (start: number, length: number): Uint8Array => {
    const key = `${start} ${length}`;
    const bytes = contents.get(key) ?? new Uint8Array(length).map((_, i) => (i + start) % 251);
    contents.set(key, bytes);
    return bytes;
  };

  it.for(vectorFiles['digests.json'].vectors)(
    '$name',
    ({ algorithm, content, leaves, root, prefixes, wrong }, { skip }) => {
      const create = hashes.get(algorithm);
      // Every end has sha256; the other one is optional, also here.
      if (create === undefined) {
        expect(algorithm).toBe('blake3');
        return skip('blake3 is not to be had here');
      }
      const bytes = contentOf(content.start, content.length);
      const digest = (pieces: readonly Uint8Array[]): { leaves: string[]; root: string } => {
        const seen: string[] = [];
        const tree = new TreeDigest(create, (leaf) => seen.push(hex(leaf)));
        for (const piece of pieces) tree.update(piece);
        return { leaves: seen, root: hex(tree.digest()) };
      };
      const cuts =
        bytes.length < 1000
          ? [...everySplit(bytes)]
          : [
              [bytes],
              inPieces(bytes, 65_537),
              ...[-1, 0, 1].map((more) => inPieces(bytes, BLOCK_SIZE + more)),
            ];
      for (const pieces of cuts) expect(digest(pieces)).toEqual({ leaves, root });
      // From the leaves alone, as far as blocks are whole.
      const composed = new TreeDigest(create);
      const whole = Math.floor(bytes.length / BLOCK_SIZE);
      for (const leaf of leaves.slice(0, whole)) composed.appendLeaf(bytesOf(leaf));
      composed.update(bytes.subarray(whole * BLOCK_SIZE));
      expect(hex(composed.digest())).toBe(root);
      for (const { length, digest: prefix } of prefixes) {
        expect(digest([bytes.subarray(0, length)]).root).toBe(prefix);
      }
      for (const { digest: other } of wrong) expect(digestsEqual(bytesOf(root), bytesOf(other))).toBe(false);
    },
  );
});

describe('urls.json', () => {
  it.each(vectorFiles['urls.json'].vectors)('$name', ({ url, parts, error }) => {
    if (parts === undefined) {
      expect(() => parseUrl(url)).toThrow(FilexError);
      expect(() => parseUrl(url)).toThrow(expect.objectContaining({ code: error }));
      return;
    }
    const { trailingSlash, user, fingerprint, ...rest } = parseUrl(url);
    const folder = trailingSlash || rest.path === '';
    const { folder: isFolder, ...others } = parts;
    expect({ ...rest, folder, ...(user && { user }), ...(fingerprint && { fingerprint }) }).toEqual({
      ...others,
      folder: isFolder || rest.path === '',
    });
    const written = formatUrl({
      ...(rest as { scheme: Scheme } & typeof rest),
      user,
      fingerprint,
      trailingSlash,
    });
    expect(parseUrl(written)).toEqual(parseUrl(url));
  });
});

describe('codes.json', () => {
  it.each(vectorFiles['codes.json'].vectors)('$name', ({ number, code, retry }) => {
    expect(codeName(number)).toBe(code);
    if (retry !== undefined) expect(codes[code].retry).toBe(retry);
  });
});

describe('machines.json', () => {
  it.each(vectorFiles['machines.json'].vectors)('$name', ({ machine, state, initial, next }) => {
    const table = allTables.find(({ name }) => name === machine);
    expect(table?.initial.includes(state)).toBe(initial);
    for (const event of table?.events ?? []) {
      expect(table?.table[state]?.[event] ?? null).toBe(next[event]);
    }
    expect(Object.keys(next)).toEqual(table?.events);
  });
});

const cutAlready = new Set<string>();

/** Plays a transcript whole, byte by byte, and with each of its inputs cut in two at every position. */
function play(vector: TranscriptVector, preludes: Readonly<Record<string, Beginning>> | undefined): void {
  const beginning = beginningOf(vector, preludes ?? {});
  const expected = expectedOf(vector.steps);
  const compare = (how: string, cut?: Cut): void => {
    const actual = run(beginning, vector.steps, cut);
    const wanted = expected.slice(firstCut(cut));
    if (actual.length === wanted.length && actual.every((step, i) => step === wanted[i])) return;
    const parse = (steps: readonly string[]): unknown[] => steps.map((step) => JSON.parse(step) as unknown);
    expect(parse(actual), how).toEqual(parse(wanted));
  };
  compare('whole');
  compare('one byte at a time', { pieces: 1 });
  vector.steps.forEach(({ receive }, step) => {
    // A beginning that many vectors share is cut in one of them.
    const beginsWith = JSON.stringify([vector.after, vector.offer, vector.steps.slice(0, step + 1)]);
    if (receive === undefined || cutAlready.has(beginsWith)) return;
    cutAlready.add(beginsWith);
    for (const at of splitPositions(digitsOf(receive).length / 2)) {
      compare(`step ${step} cut at ${at}`, { step, at });
    }
  });
}

describe('handshakes.json', () => {
  const { vectors, preludes } = vectorFiles['handshakes.json'];
  it.each(vectors)('$name', (vector) => play(vector, preludes));
});

describe('streams.json', () => {
  const { vectors, preludes } = vectorFiles['streams.json'];
  it.each(vectors)('$name', (vector) => play(vector, preludes));
});

describe('limits.json', () => {
  const { vectors, preludes } = vectorFiles['limits.json'];
  it.each(vectors)('$name', (vector) => {
    if (isTranscript(vector)) return play(vector, preludes);
    const { limit, floor, standard, cap, unit, beyond } = vector;
    const name = limit as keyof typeof limitTable;
    expect(limitTable[name]).toMatchObject({ floor, standard, cap, unit });
    for (const value of [floor, standard, cap]) expect(resolveLimits({ [name]: value })[name]).toBe(value);
    for (const value of beyond) expect(() => resolveLimits({ [name]: value })).toThrow(RangeError);
  });
});

describe.each(['handshakes.json', 'streams.json', 'limits.json'] as const)('the preludes of %s', (file) => {
  it.each(Object.entries(vectorFiles[file].preludes ?? {}))('%s', (_name, prelude) => {
    play({ ...prelude, name: '', rules: [] }, {});
  });
});
