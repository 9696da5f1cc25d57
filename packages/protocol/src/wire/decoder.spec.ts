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
});
