import { describe, expect, it } from 'vitest';
import { LocalProtocolError } from '../errors.js';
import { limitTable, MAX_U64 } from '../limits.js';
import { hex } from '../testing/bytes.js';
import { messageProperties } from '../testing/properties/messages.js';
import type { Entry } from '../vocabulary.js';
import { frameTypes } from './frame.js';
import { decodeMessage, encodeMessage, encodeMessageView, entrySize, messageFields } from './messages.js';

const longest: Entry = {
  path: Array.from({ length: 16 }, () => 'x'.repeat(255)).join('/'),
  kind: 'file',
  size: MAX_U64,
  mtime: -MAX_U64,
  executable: true,
  etag: 'x'.repeat(255),
};

describe('messages', () => {
  for (const [property, check] of Object.entries(messageProperties)) it(property, check, 20_000);

  it('have one frame type each, and fields in ascending order', () => {
    expect(Object.keys(messageFields)).toEqual(Object.keys(frameTypes).filter((name) => name !== 'DATA'));
    for (const fields of Object.values(messageFields)) {
      const tags = Object.values(fields).map((field) => field.tag);
      expect(tags).toEqual([...new Set(tags)].sort((a, b) => a - b));
      // An old end must not miss a field that is required.
      for (const field of Object.values(fields)) if (field.required) expect(field.tag % 2).toBe(0);
    }
  });

  it('are written as the specification shows', () => {
    expect(hex(encodeMessage('ACK', { offset: 2 ** 32 + 5 }))).toBe('000200080000000100000005');
    expect(hex(encodeMessage('RESET', { code: 0x20, finalOffset: 0, reason: 'no' }))).toBe(
      '000200020020' + '000400080000000000000000' + '000500026e6f',
    );
  });

  it('have what is absent only where leaving out says something', () => {
    expect(Object.entries(decodeMessage('AUTH', new Uint8Array(0)).message ?? { missing: 1 })).toEqual([]);
    const open = encodeMessage('OPEN', { operation: 1, operationId: new Uint8Array(16) });
    const { message } = decodeMessage('OPEN', open);
    expect(Object.keys(message ?? {}).sort()).toEqual([
      'executable',
      'operation',
      'operationId',
      'parents',
      'path',
      'receipt',
      'recursive',
      'target',
    ]);
  });

  it('refuse values that do not fit their field', () => {
    for (const offset of [-1, 1.5, Number.NaN, MAX_U64 + 1, Number.POSITIVE_INFINITY]) {
      expect(() => encodeMessage('ACK', { offset })).toThrow(LocalProtocolError);
    }
    expect(() => encodeMessage('RESET', { code: 0x1_0000, finalOffset: 0 })).toThrow(LocalProtocolError);
    expect(() => encodeMessage('END', { length: 0, digest: new Uint8Array(31) })).toThrow(LocalProtocolError);
    expect(() => encodeMessage('AUTH', { mechanism: 'x'.repeat(65) })).toThrow(LocalProtocolError);
    expect(() => encodeMessage('AUTH', { mechanism: '\ud800' })).toThrow(LocalProtocolError);
    expect(() => encodeMessage('AUTH', { data: new Uint8Array(4097) })).toThrow(LocalProtocolError);
    const open = { operation: 1, operationId: new Uint8Array(16) };
    expect(() => encodeMessage('OPEN', { ...open, path: '../x' })).toThrow(LocalProtocolError);
    expect(() => encodeMessage('OPEN', { ...open, ifExists: 'perhaps' as never })).toThrow(
      LocalProtocolError,
    );
    expect(() => encodeMessage('HELLO', { capabilities: Array(40_000).fill(1) } as never)).toThrow(
      LocalProtocolError,
    );
    expect(() => encodeMessage('ENTRY', { entries: Array<Entry>(20).fill(longest) })).toThrow(
      LocalProtocolError,
    );
  });

  it('know the size of an entry before the page is written', () => {
    const small: Entry = { path: 'a', kind: 'directory', size: 0, mtime: 0, executable: false };
    const page = encodeMessageView('ENTRY', { entries: [small, longest, small] }).length;
    expect(page).toBe(4 + 2 * entrySize(small) + entrySize(longest));
  });

  it('leave room for the longest entry in the smallest window, also just before new credit is due', () => {
    const size = encodeMessage('ENTRY', { entries: [longest] }).length;
    expect(Buffer.byteLength(longest.path)).toBe(limitTable.maxPathBytes.cap - 1);
    expect(size).toBeLessThan(limitTable.initialStreamWindow.floor * 0.75);
    expect(size).toBeLessThan(limitTable.initialConnectionWindow.floor * 0.75);
  });

  it('are refused when a list is cut inside an item', () => {
    const bad = (bytes: number[]) => decodeMessage('ENTRY', Uint8Array.from(bytes)).fault;
    expect(bad([0, 2, 0, 1, 0])).toContain('cut inside the length of an item');
    expect(bad([0, 2, 0, 3, 0, 9, 1])).toContain('cut inside an item');
    expect(bad([0, 2, 0])).toContain('cut inside a field header');
    expect(bad([0, 2, 0, 9, 1])).toContain('cut inside field 2');
    for (const rest of [[1], [1, 1], [1, 1, 0]]) {
      const whole = encodeMessage('ACK', { offset: 1 });
      expect(decodeMessage('ACK', Uint8Array.from([...whole, ...rest])).fault).toContain(
        'inside a field header',
      );
    }
    const hello = encodeMessage('HELLO', {
      versions: [1],
      capabilities: [],
      digests: [1],
      maxDataPayload: 1,
      maxStreams: 1,
      streamWindow: 1,
      connectionWindow: 1,
      nonce: new Uint8Array(32),
    });
    hello[3] = 3; // one byte of the next field's tag becomes half a version
    expect(decodeMessage('HELLO', hello).fault).toContain('"versions" is cut inside an item');
  });
});
