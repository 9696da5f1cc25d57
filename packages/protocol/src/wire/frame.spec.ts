import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { u32Values } from '../testing/arbitraries.js';
import {
  FIRST_IGNORABLE_TYPE,
  type FrameName,
  frameName,
  frameScope,
  frameSender,
  frameTypes,
  HEADER_SIZE,
  readU32,
  writeHeader,
} from './frame.js';

describe('the frame header', () => {
  it('is big-endian, with the length first and no flags', () => {
    const bytes = new Uint8Array(12).fill(0xff);
    writeHeader(bytes, 1, 0x0102_0304, 0x05, 0x8001_0203);
    expect([...bytes]).toEqual([0xff, 1, 2, 3, 4, 5, 0, 0x80, 1, 2, 3, 0xff]);
    expect(HEADER_SIZE).toBe(10);
  });

  it('carries every length and stream id', () => {
    fc.assert(
      fc.property(u32Values, u32Values, (length, stream) => {
        const bytes = new Uint8Array(HEADER_SIZE);
        writeHeader(bytes, 0, length, 1, stream);
        expect(readU32(bytes, 0)).toBe(length);
        expect(readU32(bytes, 6)).toBe(stream);
      }),
    );
  });

  it('has a name, a scope and a sender for each type that must be understood', () => {
    const names = Object.keys(frameTypes) as FrameName[];
    const types = names.map((name) => frameTypes[name]);
    expect(new Set(types).size).toBe(types.length);
    for (const name of names) {
      expect(frameName(frameTypes[name])).toBe(name);
      expect(frameTypes[name]).toBeLessThan(FIRST_IGNORABLE_TYPE);
    }
    for (const table of [frameScope, frameSender]) expect(Object.keys(table)).toEqual(names);
    for (const type of [0, 0x0f, 0x7f, 0x80, 0xff]) expect(frameName(type)).toBeUndefined();
  });
});
