/**
 * The decoders that are measured, each used in its fastest fair way, which its own source tells:
 * - all of them synchronously and over the same cuts, without a socket or a promise in between;
 * - none has to copy a payload that it would rather show: FileX tells the pieces as they arrive, it-length-prefixed and
 *   yamux make a list of views of each whole frame, pg-protocol has to gather what came in pieces;
 * - it-length-prefixed, yamux and FileX get plain Uint8Arrays, which all three are faster with; pg-protocol needs Buffers.
 *
 * @typedef {object} Tally what a decoder found, and proves by it that it read everything
 * @property {number} frames
 * @property {number} bytes of payload
 *
 * @typedef {object} Codec
 * @property {(payload: Uint8Array) => Uint8Array[]} frame the pieces of a frame around a payload
 * @property {'Buffer' | 'Uint8Array'} chunk what it is given
 * @property {(chunks: readonly Uint8Array[]) => Tally} decode is what is measured
 * @property {(chunks: readonly Uint8Array[], take: (bytes: Uint8Array) => void) => void} collect shows every payload byte
 *
 * @typedef {object} Contestant
 * @property {string} title
 * @property {string} [package] of a peer; it is said to be missing when it cannot be loaded
 * @property {() => Promise<Codec>} load
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FRAME_LIMIT = 2 ** 20;

/** @type {Readonly<Record<string, Contestant>>} */
export const contestants = {
  filex: {
    title: 'FileX',
    async load() {
      const { FrameDecoder, HEADER_SIZE, PREFACE, frameTypes, writeHeader } = await import('@filex/protocol');
      const limits = { maxDataPayload: FRAME_LIMIT, maxControlPayload: 65_536 };
      const run = (chunks, sink) => {
        const fail = (_code, message) => {
          throw new Error(message);
        };
        const decoder = new FrameDecoder({ onPreface() {}, onFrame() {}, onFault: fail, ...sink }, limits);
        decoder.push(PREFACE);
        for (const chunk of chunks) decoder.push(chunk);
      };
      return {
        chunk: 'Uint8Array',
        frame: (payload) => {
          const header = new Uint8Array(HEADER_SIZE);
          writeHeader(header, 0, payload.length, frameTypes.DATA, 1);
          return [header, payload];
        },
        decode: (chunks) => {
          let frames = 0;
          let bytes = 0;
          run(chunks, {
            onDataHeader() {
              frames += 1;
            },
            onData(_stream, piece) {
              bytes += piece.length;
            },
          });
          return { frames, bytes };
        },
        collect: (chunks, take) =>
          run(chunks, { onDataHeader() {}, onData: (_stream, piece) => take(piece) }),
      };
    },
  },

  lengthPrefixed: {
    title: 'it-length-prefixed',
    package: 'it-length-prefixed',
    async load() {
      const { decode, encode } = await import('it-length-prefixed');
      return {
        chunk: 'Uint8Array',
        frame: (payload) => [...encode([payload])],
        // An array is decoded by a plain generator; only an async source makes it an async one.
        decode: (chunks) => {
          let frames = 0;
          let bytes = 0;
          for (const message of decode(chunks, { maxDataLength: FRAME_LIMIT })) {
            frames += 1;
            bytes += message.byteLength;
          }
          return { frames, bytes };
        },
        collect: (chunks, take) => {
          for (const message of decode(chunks, { maxDataLength: FRAME_LIMIT })) take(message.subarray());
        },
      };
    },
  },

  yamux: {
    title: 'js yamux',
    package: '@libp2p/yamux',
    async load() {
      // The package shows its muxer only; the decoder is a module beside it.
      const beside = (name) => new URL(`./${name}`, import.meta.resolve('@libp2p/yamux')).href;
      const { Decoder } = await import(beside('decode.js'));
      const { encodeHeader } = await import(beside('encode.js'));
      return {
        chunk: 'Uint8Array',
        frame: (payload) => [
          encodeHeader({ type: 0, flag: 0, streamID: 1, length: payload.length }),
          payload,
        ],
        decode: (chunks) => {
          let frames = 0;
          let bytes = 0;
          const decoder = new Decoder();
          for (const chunk of chunks) {
            for (const { data } of decoder.emitFrames(chunk)) {
              frames += 1;
              bytes += data.byteLength;
            }
          }
          return { frames, bytes };
        },
        collect: (chunks, take) => {
          const decoder = new Decoder();
          for (const chunk of chunks) {
            for (const { data } of decoder.emitFrames(chunk)) take(data.subarray());
          }
        },
      };
    },
  },

  postgres: {
    title: 'pg-protocol',
    package: 'pg-protocol',
    async load() {
      const require = createRequire(import.meta.url);
      const { Parser } = require('pg-protocol/dist/parser.js');
      const { serialize } = require('pg-protocol');
      return {
        chunk: 'Buffer',
        // CopyData is its message of raw bytes, and the one it does the least for.
        frame: (payload) => [serialize.copyData(Buffer.from(payload))],
        decode: (chunks) => {
          let frames = 0;
          let bytes = 0;
          const parser = new Parser();
          const take = (message) => {
            frames += 1;
            bytes += message.chunk.length;
          };
          for (const chunk of chunks) parser.parse(chunk, take);
          return { frames, bytes };
        },
        collect: (chunks, take) => {
          const parser = new Parser();
          for (const chunk of chunks) parser.parse(chunk, (message) => take(message.chunk));
        },
      };
    },
  },
};

/** The version of an installed package, from the package.json above its entry; throws when it is not installed. */
export function versionOf(name) {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  for (;;) {
    const file = join(folder, 'package.json');
    const found = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    if (found.name === name) return found.version;
    folder = dirname(folder);
  }
}
