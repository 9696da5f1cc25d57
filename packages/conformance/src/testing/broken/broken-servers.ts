import { createHash } from 'node:crypto';
import { u8, u32, u64, utf8 } from '../../wire/bytes.js';
import { splitFields } from '../../wire/decode.js';
import { joinFields, layoutOf, tagOf } from '../../wire/encode.js';
import { frameName, PREFACE, rawFrame } from '../../wire/frame.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { fields, set } from './changes.js';
import type { Breakage } from './proxy.js';

/** A server that breaks a rule of one chapter. */
export interface BrokenServer extends Breakage {
  readonly chapter: number;
  readonly title: string;
  /** The cases that are enough to find out. */
  readonly only: readonly string[];
}

const empty = Buffer.alloc(0);

export const brokenServers: readonly BrokenServer[] = [
  {
    chapter: 2,
    title: 'takes one read for one frame',
    only: ['FX-2.1-2'],
    onRead: (chunk, { client }) => {
      let at = chunk.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE.length : 0;
      while (at + 10 <= chunk.length) at += 10 + chunk.readUInt32BE(at);
      if (at !== chunk.length) client.destroy();
    },
  },
  { chapter: 3, title: 'has another preface', only: ['FX-3.1-1'], preface: utf8('FILEX\n\x1a\n') },
  {
    chapter: 4,
    title: 'does not skip frames that it does not know',
    only: ['FX-4.2-6'],
    up: ({ type, stream, payload }) => (type >= 0x80 ? rawFrame(0x42, stream, payload) : undefined),
  },
  {
    chapter: 4,
    title: 'sets flags',
    only: ['FX-4.1-1'],
    down: ({ type, stream, payload }) => rawFrame(type, stream, payload, { flags: 1 }),
  },
  {
    chapter: 5,
    title: 'passes over every field that it does not know',
    only: ['FX-5.1-6'],
    up: (frame) => {
      const name = frameName(frame.type);
      if (name === undefined || name === 'DATA') return undefined;
      const known = new Set(layoutOf(name).map(({ tag }) => tag));
      const kept = splitFields(frame.payload).filter(([tag]) => known.has(tag));
      return rawFrame(frame.type, frame.stream, joinFields(kept));
    },
  },
  {
    chapter: 5,
    title: 'writes fields in any order',
    only: ['FX-5.1-8'],
    down: fields('RESULT', (all) => all.toReversed()),
  },
  {
    chapter: 6,
    title: 'speaks to clients of any version',
    only: ['FX-6.2-1'],
    up: set('HELLO', 'versions', () => Buffer.of(0, 1)),
  },
  {
    chapter: 7,
    title: 'answers twice',
    only: ['FX-7.3-1'],
    down: ({ type, stream, payload }) =>
      frameName(type) === 'RESULT'
        ? Buffer.concat([rawFrame(type, stream, payload), rawFrame(type, stream, payload)])
        : undefined,
  },
  {
    chapter: 8,
    title: 'does not compare the digest of an upload',
    only: ['FX-8.3-1'],
    up: (frame, { memory }) => {
      const key = `file ${frame.stream}`;
      const file = (memory.get(key) as Buffer | undefined) ?? empty;
      if (frameName(frame.type) === 'DATA') memory.set(key, Buffer.concat([file, frame.payload]));
      return set('END', 'digest', () => treeDigest(file))(frame);
    },
  },
  {
    chapter: 9,
    title: 'leaves a byte of a download out',
    only: ['FX-9.2-4'],
    down: ({ type, stream, payload }) =>
      frameName(type) === 'DATA' && payload.length > 1
        ? rawFrame(type, stream, payload.subarray(1))
        : undefined,
  },
  {
    chapter: 10,
    title: 'leaves the last entry of a page out',
    only: ['FX-10.2-4', 'FX-10.2-5'],
    down: set('ENTRY', 'entries', (old) => {
      let last = 0;
      for (let at = 0; at < old.length; at += 2 + old.readUInt16BE(at)) last = at;
      return old.subarray(0, last);
    }),
  },
  {
    chapter: 11,
    title: 'removes folders with all that is in them, unasked',
    only: ['FX-11.2-6'],
    up: fields('OPEN', (all) => {
      const remove = all.some(([tag, value]) => tag === tagOf('OPEN', 'operation') && value[0] === 7);
      const recursive = tagOf('OPEN', 'recursive');
      return remove && all.every(([tag]) => tag !== recursive) ? [...all, [recursive, empty]] : undefined;
    }),
  },
  {
    chapter: 12,
    title: 'says the same epoch every time',
    only: ['FX-12.1-3'],
    down: set('ACCEPT', 'epoch', () => u32(5)),
  },
  {
    chapter: 12,
    title: 'goes on with a download behind what the client has',
    only: ['FX-12.4-3'],
    down: set('ACCEPT', 'offset', () => u64(1)),
  },
  {
    chapter: 13,
    title: 'returns no credit',
    only: ['FX-13.2-3'],
    down: ({ type }) => (frameName(type) === 'CREDIT' ? empty : undefined),
  },
  {
    chapter: 14,
    title: 'digests without the tree',
    only: ['FX-14.1-1'],
    down: set('END', 'digest', (old) => createHash('sha256').update(old).digest()),
  },
  {
    chapter: 15,
    title: 'resolves dots in a path',
    only: ['FX-15.1-3'],
    up: set('OPEN', 'path', (old) => {
      const segments: string[] = [];
      for (const segment of old.toString().split('/')) {
        if (segment === '..') segments.pop();
        else if (segment !== '.') segments.push(segment);
      }
      return utf8(segments.join('/') || 'x');
    }),
  },
  {
    chapter: 16,
    title: 'tells codes that are its own',
    only: ['FX-16.1-2'],
    down: set('RESULT', 'status', (old) => (old.readUInt16BE() === 0x23 ? Buffer.of(0xf0, 0x01) : old)),
  },
  {
    chapter: 17,
    title: 'goes on after GOAWAY',
    only: ['FX-17.1-1'],
    down: ({ type, stream, payload }) =>
      frameName(type) === 'GOAWAY'
        ? Buffer.concat([rawFrame(type, stream, payload), rawFrame(0xf0, 0, u8(0))])
        : undefined,
  },
  {
    chapter: 18,
    title: 'answers PING with a token of its own',
    only: ['FX-18.1-1'],
    down: set('PONG', 'token', (old) => u64(old.readBigUInt64BE() ^ 1n)),
  },
  {
    chapter: 19,
    title: 'offers more streams than it takes',
    only: ['FX-19.1-1'],
    down: set('HELLO', 'maxStreams', (old) => u32(2 * old.readUInt32BE())),
  },
  {
    chapter: 20,
    title: 'refuses the fields of experiments',
    only: ['FX-20.1-4'],
    up: fields('END', (all) => all.map(([tag, value]) => [tag >= 0xfff1 ? 0xfff0 : tag, value] as const)),
  },
  {
    chapter: 21,
    title: 'waits for its slowest client',
    only: ['FX-21.1-3'],
    onStalled: (lines) => {
      for (const { server, client } of lines) {
        server.pause();
        client.pause();
      }
    },
    down: () => undefined,
  },
];
