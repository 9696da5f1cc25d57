import { describe, expect, it } from 'vitest';
import { content, u8, u16 } from './bytes.js';
import { decode } from './decode.js';
import { encode, field, fieldsOf, frame, joinFields } from './encode.js';
import { FrameCutter } from './frame.js';
import { treeDigest } from './tree-digest.js';
import { Violation } from './violation.js';

const rulesOf = (work: () => unknown): readonly string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof Violation) return error.rules;
    throw error;
  }
  return [];
};

describe('the codec', () => {
  it('writes what chapter 22 shows', () => {
    expect(
      frame('OPEN', 1, {
        operation: 1,
        operationId: Buffer.alloc(16, 0x33),
        path: 'hi.txt',
        size: 5,
      }).toString('hex'),
    ).toBe(
      '0000002f030000000001' +
        '0002000101' +
        `00040010${'33'.repeat(16)}` +
        '0006000668692e747874' +
        '000a00080000000000000005',
    );
    expect(
      frame('RESULT', 1, { status: 0, effect: 'applied', outcome: 'created', etag: 'v1' }).toString('hex'),
    ).toBe('00000016090000000001000200020000000600010100080001' + '00000c00027631');
  });

  it('reads back what it writes', () => {
    const entry = { path: 'ä/b', kind: 'file', size: 2 ** 53 - 1, mtime: -1, executable: true, etag: 'x' };
    expect(decode('ENTRY', encode('ENTRY', { entries: [entry, { ...entry, path: 'c' }] }))).toEqual({
      entries: [entry, { ...entry, path: 'c' }],
    });
    const hello = {
      versions: [1, 0x1a1a],
      capabilities: [],
      digests: [1],
      maxDataPayload: 4096,
      maxStreams: 1,
      streamWindow: 8192,
      connectionWindow: 8192,
      nonce: Buffer.alloc(32, 9),
      mechanisms: ['ANONYMOUS', ''],
    };
    expect(decode('HELLO', encode('HELLO', hello))).toEqual(hello);
  });

  it('names the rule that a message breaks', () => {
    const result = fieldsOf('RESULT', { status: 0, effect: 'none' });
    const read = (bytes: Buffer) => rulesOf(() => decode('RESULT', bytes));
    expect(read(joinFields(result))).toEqual([]);
    expect(read(joinFields(result.toReversed()))).toContain('FX-5.1-1');
    expect(read(joinFields([...result, ...result.slice(1)]))).toContain('FX-5.1-1');
    expect(read(joinFields(result).subarray(0, -1))).toContain('FX-5.1-2');
    expect(read(Buffer.concat([joinFields(result), u8(0)]))).toContain('FX-5.1-2');
    expect(read(encode('RESULT', { status: u8(0), effect: 'none' }))).toContain('FX-5.1-3');
    expect(read(encode('RESULT', { status: 0, effect: 'none', path: '' }))).toContain('FX-5.1-4');
    expect(read(Buffer.concat([joinFields(result), field(0xfff1, u16(1))]))).toEqual([]);
    expect(read(Buffer.concat([joinFields(result), field(0xfff0, u16(1))]))).toContain('FX-5.1-6');
    expect(read(joinFields(result.slice(1)))).toContain('FX-5.1-7');
    expect(read(encode('RESULT', { status: 0, effect: 3 }))).toContain('FX-5.2-2');
    expect(read(encode('RESULT', { status: 0, effect: 'none', detail: Buffer.of(0xc0, 0x80) }))).toContain(
      'FX-5.2-3',
    );
    expect(read(encode('RESULT', { status: 0, effect: 'none', etag: 'x'.repeat(256) }))).toContain(
      'FX-5.2-5',
    );
    expect(read(encode('RESULT', { status: 0, effect: 'none', path: 'a/../b' }))).toContain('FX-15.1-3');
    expect(rulesOf(() => decode('PING', encode('PING', { token: Buffer.alloc(8, 0xff) })))).toContain(
      'FX-5.2-1',
    );
  });

  it('digests as chapter 14 says', () => {
    expect(treeDigest(Buffer.alloc(0)).toString('hex')).toBe(
      'a536aa3cede6ea3c1f3e0357c3c60e0f216a8c89b853df13b29daa8f85065dfb',
    );
    expect(treeDigest(Buffer.from('abc')).toString('hex')).toBe(
      'e7ad7cf3cacb5ef9c2815d8db7b969bfe29fb553a867e7336656e0b8f1d64402',
    );
  });

  it('cuts frames, wherever the bytes were cut', () => {
    const cutter = new FrameCutter();
    const bytes = Buffer.concat([frame('PING', 0, { token: 7 }), frame('PONG', 0, { token: 8 })]);
    const found: number[] = [];
    for (const byte of bytes) {
      cutter.push(Buffer.of(byte));
      for (let next = cutter.next(); next !== undefined; next = cutter.next()) found.push(next.type);
    }
    expect(found).toEqual([0x0c, 0x0d]);
    expect(cutter.left).toHaveLength(0);
    expect(new Set(content(256)).size).toBeGreaterThan(100);
  });
});
