import fc from 'fast-check';
import { expect } from 'vitest';
import { FilexError } from '../../errors.js';
import { decodeMessage, encodeMessage } from '../../wire/messages.js';
import { checkPath, pathFault } from '../../wire/path.js';
import { path } from '../arbitraries.js';
import { rawField } from '../frames.js';

/** The rules once more, in the plainest words. */
function allowed(text: string): boolean {
  if (text === '') return true;
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8') === text;
  return (
    wellFormed &&
    Buffer.byteLength(text) <= 4096 &&
    text
      .split('/')
      .every(
        (part) => !['', '.', '..'].includes(part) && !part.includes('\0') && Buffer.byteLength(part) <= 255,
      )
  );
}

const nasty: fc.Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      ...[
        '',
        '.',
        '..',
        '...',
        '..x',
        'a',
        'b ',
        '\0',
        'a\0',
        '\n',
        '\\',
        'C:',
        '\ud800',
        'x\udc00',
        '\u{1f980}',
      ],
      ...['x'.repeat(255), 'x'.repeat(256), 'é'.repeat(127), 'é'.repeat(128), `${'x'.repeat(254)}é`],
    ),
    { maxLength: 18 },
  )
  .map((parts) => parts.join('/'));

const head = [rawField(2, Uint8Array.of(1)), rawField(4, new Uint8Array(16))];

export const pathProperties = {
  'is allowed exactly when the rules say so'() {
    fc.assert(
      fc.property(fc.oneof(nasty, path, fc.string({ unit: 'binary' })), (text) => {
        expect(pathFault(text) === undefined).toBe(allowed(text));
        if (allowed(text)) expect(() => checkPath(text)).not.toThrow();
        else expect(() => checkPath(text)).toThrow(FilexError);
      }),
      { numRuns: 1000 },
    );
  },

  'is judged by the codec, whoever sends it'() {
    fc.assert(
      fc.property(fc.oneof(nasty, path), (text) => {
        const value = Uint8Array.from(Buffer.from(text));
        const decoded = decodeMessage('OPEN', Uint8Array.from(Buffer.concat([...head, rawField(6, value)])));
        const sent = Buffer.from(value).toString();
        // An empty path is written by leaving the field out.
        if (sent !== '' && allowed(sent)) expect(decoded.message?.path).toBe(sent);
        else expect(decoded.fault).toContain('path');
      }),
      { numRuns: 500 },
    );
  },

  'arrives byte for byte'() {
    fc.assert(
      fc.property(path, (text) => {
        const open = { operation: 1, operationId: new Uint8Array(16), path: text };
        const payload = encodeMessage('OPEN', open);
        expect(Buffer.from(payload).indexOf(Buffer.from(text))).toBeGreaterThan(0);
        expect(decodeMessage('OPEN', payload).message?.path).toBe(text);
      }),
    );
  },
};
