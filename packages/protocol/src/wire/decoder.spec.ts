import { describe, expect, it } from 'vitest';
import { rawFrame, rawHeader } from '../testing/frames.js';
import { decoderProperties } from '../testing/properties/decoder.js';
import { FrameDecoder } from './decoder.js';
import { frameTypes } from './frame.js';
import { PREFACE } from './preface.js';

describe('the frame decoder', () => {
  for (const [property, check] of Object.entries(decoderProperties)) it(property, check);

  const faultOf = (bytes: Uint8Array): [string, string] => {
    const faults: [string, string][] = [];
    const decoder = new FrameDecoder(
      {
        onPreface: () => undefined,
        onDataHeader: () => undefined,
        onData: () => undefined,
        onFrame: () => undefined,
        onFault: (code, message) => faults.push([code, message]),
      },
      { maxDataPayload: 100, maxControlPayload: 50 },
    );
    decoder.push(PREFACE);
    decoder.push(bytes);
    expect(faults.length).toBeLessThanOrEqual(1);
    return faults[0] ?? ['', ''];
  };

  it('says what is wrong with a header', () => {
    expect(faultOf(rawHeader(101, frameTypes.DATA, 1))[0]).toBe('FRAME_TOO_LARGE');
    expect(faultOf(rawHeader(51, frameTypes.PING, 0))[0]).toBe('FRAME_TOO_LARGE');
    expect(faultOf(rawHeader(51, 0x80, 0))[0]).toBe('FRAME_TOO_LARGE');
    expect(faultOf(rawHeader(0, frameTypes.DATA, 1))).toEqual([
      'FRAME_MALFORMED',
      expect.stringContaining('DATA without bytes'),
    ]);
    expect(faultOf(rawHeader(1, 0x7f, 0))).toEqual(['FRAME_UNKNOWN', expect.stringContaining('0x7f')]);
    expect(faultOf(rawHeader(1, 0x00, 0))[0]).toBe('FRAME_UNKNOWN');
    expect(faultOf(rawHeader(1, frameTypes.PING, 0, 0x80))).toEqual([
      'FRAME_MALFORMED',
      expect.stringContaining('PING with flags 0x80'),
    ]);
    expect(faultOf(rawHeader(1, frameTypes.PING, 1))[0]).toBe('FRAME_MALFORMED');
    expect(faultOf(rawHeader(1, frameTypes.OPEN, 0))[0]).toBe('FRAME_MALFORMED');
  });

  it('takes what is exactly as long as allowed', () => {
    expect(faultOf(rawFrame(frameTypes.DATA, 1, new Uint8Array(100)))[0]).toBe('');
    expect(faultOf(rawFrame(frameTypes.PING, 0, new Uint8Array(50)))[0]).toBe('');
    expect(faultOf(rawFrame(0xff, 0, new Uint8Array(50)))[0]).toBe('');
  });

  /** What a decoder says to these chunks, and whether it is between two frames then. */
  const heard = (...chunks: readonly Uint8Array[]) => {
    const said: string[] = [];
    const decoder = new FrameDecoder(
      {
        onPreface: () => said.push('preface'),
        onDataHeader: (stream, length) => said.push(`header ${stream} ${length}`),
        onData: (stream, bytes) => said.push(`data ${stream} ${bytes.length}`),
        onFrame: (type, stream, payload) => said.push(`frame ${type} ${stream} ${payload.length}`),
        onFault: (code, _message, foreign) => said.push(`fault ${code} ${foreign}`),
      },
      { maxDataPayload: 100, maxControlPayload: 50 },
    );
    for (const chunk of chunks) decoder.push(chunk);
    return { said, decoder };
  };

  it('tells of an empty frame with the last byte of its header', () => {
    const { said, decoder } = heard(PREFACE, rawHeader(0, frameTypes.AUTH, 0));
    expect(said).toEqual(['preface', `frame ${frameTypes.AUTH} 0 0`]);
    expect(decoder.atBoundary).toBe(true);
    decoder.push(rawHeader(0, 0x99, 7));
    expect(decoder.atBoundary).toBe(true);
    decoder.push(rawFrame(frameTypes.PING, 0, new Uint8Array(3)));
    expect(said.slice(2)).toEqual([`frame ${frameTypes.PING} 0 3`]);
  });

  it('takes CREDIT on a stream and on the connection', () => {
    const credit = (stream: number) => rawFrame(frameTypes.CREDIT, stream, new Uint8Array(1));
    expect(heard(PREFACE, credit(0), credit(5)).said).toEqual([
      'preface',
      `frame ${frameTypes.CREDIT} 0 1`,
      `frame ${frameTypes.CREDIT} 5 1`,
    ]);
  });

  it('tells nothing of an empty chunk', () => {
    const { said, decoder } = heard(PREFACE, rawHeader(5, frameTypes.DATA, 1));
    decoder.push(new Uint8Array(0));
    decoder.push(new Uint8Array(2));
    decoder.push(new Uint8Array(0));
    decoder.push(new Uint8Array(3));
    expect(said.slice(1)).toEqual(['header 1 5', 'data 1 2', 'data 1 3']);
  });

  it.each([
    ['GET / HTTP/1.1', 4, 'HTTP'],
    ['SSH-2.0', 4, 'SSH'],
    ['220 ready', 4, 'FTP or SMTP'],
    ['\x16\x03\x01', 2, 'TLS'],
    ['hello', 1, 'text'],
    ['FILES', 5, 'text'],
    ['\x00\x01', 1, 'something unknown'],
    // Only the first byte is wrong.
    ['AILEX\r\n\x1a', 1, 'text'],
    ['FILEX\r\n\x1b', 8, 'something unknown'],
  ])('knows that %j is not FileX after %i bytes: %s', (text, by, foreign) => {
    const bytes = Uint8Array.from(Buffer.from(text, 'latin1'));
    const fault = `fault BAD_PREFACE ${foreign}`;
    expect(heard(bytes).said).toEqual([fault]);
    expect(heard(bytes.subarray(0, by)).said).toEqual([fault]);
    expect(heard(bytes.subarray(0, by - 1)).said).toEqual([]);
    expect(heard(...Array.from(bytes, (byte) => Uint8Array.of(byte))).said).toEqual([fault]);
  });

  it('judges by new limits from the next header on', () => {
    const { said, decoder } = heard(PREFACE);
    decoder.setLimits({ maxDataPayload: 3, maxControlPayload: 2 });
    decoder.push(rawFrame(frameTypes.DATA, 1, new Uint8Array(3)));
    expect(said.at(-1)).toBe('data 1 3');
    decoder.push(rawHeader(3, frameTypes.PING, 0));
    expect(said.at(-1)).toMatch(/^fault FRAME_TOO_LARGE/);
  });

  it('hears nothing once it was stopped, and keeps nothing', () => {
    for (const cut of [
      [],
      [rawHeader(5, frameTypes.PING, 0), new Uint8Array(2)],
      [rawHeader(5, frameTypes.DATA, 1)],
    ]) {
      const { said, decoder } = heard(PREFACE, ...cut);
      const before = said.length;
      decoder.stop();
      expect([decoder.retained, decoder.atBoundary]).toEqual([0, false]);
      decoder.push(new Uint8Array(2));
      decoder.push(rawFrame(frameTypes.PING, 0, new Uint8Array(3)));
      expect(said.length).toBe(before);
    }
  });
});
