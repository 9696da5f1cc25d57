import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFingerprint } from './fingerprint.js';

describe('readFingerprint', () => {
  it('reads every way that a fingerprint is written in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const expected = `sha256:${buffer.toString('base64url')}`;
        const hexadecimal = buffer.toString('hex');
        const coloned = (hexadecimal.match(/../g) as string[]).join(':').toUpperCase();
        for (const text of [
          expected,
          ` ${expected}\r\n`,
          `SHA256:${buffer.toString('base64')}`,
          buffer.toString('base64').replace('=', ''),
          hexadecimal,
          `sha256:${hexadecimal}`,
          `sha256 Fingerprint=${coloned}`.replace(' Fingerprint', ''),
          coloned,
        ]) {
          expect(readFingerprint(text)).toBe(expected);
        }
      }),
    );
  });

  it('reads nothing else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(readFingerprint(text)).toBeUndefined();
      }),
    );
    for (const text of ['', 'yes', 'sha256:', 'sha256:AAAA', `sha256:${'A'.repeat(44)}`, 'md5:aa:bb']) {
      expect(readFingerprint(text)).toBeUndefined();
    }
  });
});
