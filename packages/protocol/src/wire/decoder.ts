import type { Code } from '../codes.js';
import { codes } from '../codes.js';
import { FIRST_IGNORABLE_TYPE, frameName, frameScope, frameTypes, HEADER_SIZE, readU32 } from './frame.js';
import { type ForeignProtocol, PREFACE, recognise, undecided } from './preface.js';

/** What the headers of frames are checked against, before any of their payload. PROTOCOL.md, "Frames". */
export interface DecoderLimits {
  /** Bytes of one DATA payload, at most. */
  readonly maxDataPayload: number;
  /** Bytes of any other payload, at most. */
  readonly maxControlPayload: number;
}

/**
 * Told what a decoder finds, in order. Views passed here are only views: of the chunk that was pushed, or, for a control
 * payload that arrived in pieces, of a buffer that is never written again.
 */
export interface DecoderSink {
  /** The peer speaks FileX; frames follow. */
  onPreface(): void;
  /** The header of a DATA frame; `onData` calls with `length` bytes in all follow. */
  onDataHeader(stream: number, length: number): void;
  /** A piece of a DATA payload, as it arrived. */
  onData(stream: number, bytes: Uint8Array): void;
  /** A whole frame of any other known type. */
  onFrame(type: number, stream: number, payload: Uint8Array): void;
  /** The first and last fault; nothing is decoded after it. */
  onFault(code: Code, message: string, foreign?: ForeignProtocol): void;
}

type Mode = 'preface' | 'header' | 'data' | 'control' | 'skip' | 'faulted';

/**
 * Bytes in, frames out, cut anywhere. DATA is never collected: each chunk's part of it is passed on as a view. What the
 * decoder itself keeps is bounded by one header plus one control payload, and that only when a chunk ends inside it;
 * every limit is checked on the header, before anything is kept.
 */
export class FrameDecoder {
  readonly #sink: DecoderSink;
  #limits: DecoderLimits;
  #mode: Mode = 'preface';
  /** Bytes of the preface, a header or a control payload that did not arrive in one chunk. */
  #kept: Uint8Array = new Uint8Array(HEADER_SIZE);
  #keptLength = 0;
  readonly #header = new Uint8Array(HEADER_SIZE);
  #type = 0;
  #stream = 0;
  #length = 0;
  #remaining = 0;
  #stopped = false;

  constructor(sink: DecoderSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Bytes held back until more arrive: at most `maxControlPayload`. */
  get retained(): number {
    return this.#keptLength;
  }

  /** Whether the input so far ends exactly between two frames. */
  get atBoundary(): boolean {
    return this.#mode === 'header' && this.#keptLength === 0;
  }

  /** Takes effect with the next header. */
  setLimits(limits: DecoderLimits): void {
    this.#limits = limits;
  }

  /** Nothing is decoded any more; may be called from inside a callback. */
  stop(): void {
    this.#stopped = true;
    this.#mode = 'faulted';
    this.#keptLength = 0;
  }

  /**
   * Takes the next bytes, however they were cut, and tells the sink what they complete. Never throws for what is in
   * them; after a fault or `stop` they are dropped.
   */
  push(chunk: Uint8Array): void {
    if (this.#mode === 'data' && chunk.length < this.#remaining) {
      this.#remaining -= chunk.length;
      if (chunk.length > 0) this.#sink.onData(this.#stream, chunk);
      return;
    }
    // Views are made of these: `subarray` takes three times as long, which is most of the time a small frame takes.
    const { buffer: memory, byteOffset: start, length: end } = chunk;
    let at = 0;
    while (at < end && !this.#stopped) {
      const available = end - at;
      switch (this.#mode) {
        case 'preface':
          at = this.#pushPreface(chunk, at);
          break;
        case 'header':
          at = this.#pushHeader(chunk, at);
          break;
        case 'data': {
          const view = new Uint8Array(memory, start + at, Math.min(this.#remaining, available));
          at += view.length;
          this.#remaining -= view.length;
          if (this.#remaining === 0) this.#mode = 'header';
          this.#sink.onData(this.#stream, view);
          break;
        }
        case 'control': {
          const view = new Uint8Array(memory, start + at, Math.min(this.#remaining, available));
          at += view.length;
          this.#pushControl(view);
          break;
        }
        case 'skip': {
          const take = Math.min(this.#remaining, available);
          at += take;
          this.#remaining -= take;
          if (this.#remaining === 0) this.#mode = 'header';
          break;
        }
        case 'faulted':
          return;
      }
    }
  }

  /**
   * How many bytes after `chunk` still belong to the DATA frame that it ends in; 0 when it ends anywhere else, and when that
   * frame is longer than it may be. Takes nothing: `chunk` is still to be pushed.
   */
  missing(chunk: Uint8Array): number {
    if (this.#mode !== 'data' && (this.#mode !== 'header' || this.#keptLength > 0)) return 0;
    let isData = this.#mode === 'data';
    /** Where the frame ends that was looked at last. */
    let end = isData ? this.#remaining : 0;
    while (end < chunk.length) {
      if (chunk.length - end < HEADER_SIZE) return 0;
      const length = readU32(chunk, end);
      isData = chunk[end + 4] === frameTypes.DATA && length <= this.#limits.maxDataPayload;
      end += HEADER_SIZE + length;
    }
    return isData ? end - chunk.length : 0;
  }

  #fault(code: Code, detail: string, foreign?: ForeignProtocol): void {
    this.stop();
    this.#sink.onFault(code, `${codes[code].meaning}: ${detail}`, foreign);
  }

  #pushPreface(chunk: Uint8Array, from: number): number {
    this.#kept[this.#keptLength] = chunk[from] as number;
    this.#keptLength += 1;
    const seen = this.#kept.subarray(0, this.#keptLength);
    if (!startsPreface(seen)) {
      // One byte at a time, so that what a peer is taken for does not depend on how its bytes were cut.
      if (undecided(seen)) return from + 1;
      const foreign = recognise(seen);
      this.#fault('BAD_PREFACE', `this looks like ${foreign}`, foreign);
    } else if (this.#keptLength === PREFACE.length) {
      this.#keptLength = 0;
      this.#mode = 'header';
      this.#sink.onPreface();
    }
    return from + 1;
  }

  #pushHeader(chunk: Uint8Array, from: number): number {
    if (this.#keptLength === 0 && chunk.length - from >= HEADER_SIZE) {
      this.#beginFrame(chunk, from);
      return from + HEADER_SIZE;
    }
    const take = Math.min(HEADER_SIZE - this.#keptLength, chunk.length - from);
    this.#header.set(chunk.subarray(from, from + take), this.#keptLength);
    this.#keptLength += take;
    if (this.#keptLength === HEADER_SIZE) {
      this.#keptLength = 0;
      this.#beginFrame(this.#header, 0);
    }
    return from + take;
  }

  #beginFrame(bytes: Uint8Array, at: number): void {
    const length = readU32(bytes, at);
    const type = bytes[at + 4] as number;
    const flags = bytes[at + 5] as number;
    const stream = readU32(bytes, at + 6);
    if (type === frameTypes.DATA) {
      if (length > this.#limits.maxDataPayload)
        return this.#fault('FRAME_TOO_LARGE', `DATA of ${length} bytes`);
      // An empty DATA frame moves nothing and costs no credit, so it could be sent for ever.
      if (length === 0) return this.#fault('FRAME_MALFORMED', 'DATA without bytes');
    } else if (length > this.#limits.maxControlPayload) {
      return this.#fault('FRAME_TOO_LARGE', `type 0x${type.toString(16)} of ${length} bytes`);
    }
    this.#type = type;
    this.#stream = stream;
    this.#length = length;
    this.#remaining = length;
    const name = frameName(type);
    if (name === undefined) {
      if (type < FIRST_IGNORABLE_TYPE) return this.#fault('FRAME_UNKNOWN', `type 0x${type.toString(16)}`);
      this.#mode = length === 0 ? 'header' : 'skip';
      return;
    }
    if (flags !== 0) return this.#fault('FRAME_MALFORMED', `${name} with flags 0x${flags.toString(16)}`);
    const scope = frameScope[name];
    if (scope !== 'both' && (scope === 'connection') !== (stream === 0)) {
      return this.#fault('FRAME_MALFORMED', `${name} on stream ${stream}`);
    }
    if (type === frameTypes.DATA) {
      this.#mode = 'data';
      this.#sink.onDataHeader(stream, length);
    } else if (length === 0) {
      this.#mode = 'header';
      this.#sink.onFrame(type, stream, new Uint8Array(0));
    } else {
      this.#mode = 'control';
    }
  }

  #pushControl(piece: Uint8Array): void {
    this.#remaining -= piece.length;
    if (piece.length < this.#length) this.#keep(piece);
    if (this.#remaining > 0) return;
    this.#mode = 'header';
    if (piece.length === this.#length) return this.#sink.onFrame(this.#type, this.#stream, piece);
    const payload = this.#kept.subarray(0, this.#length);
    // The views handed out must stay as they are, so the next split frame gets a buffer of its own.
    this.#kept = new Uint8Array(HEADER_SIZE);
    this.#keptLength = 0;
    this.#sink.onFrame(this.#type, this.#stream, payload);
  }

  /** Grows with what has really arrived, so that a header alone reserves nothing. */
  #keep(bytes: Uint8Array): void {
    const needed = this.#keptLength + bytes.length;
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(needed, 2 * this.#kept.length)));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#keptLength);
    this.#keptLength = needed;
  }
}

function startsPreface(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === PREFACE[i]);
}
