import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditText } from './audit-text.js';

/** Half surrogate pairs, control characters, anything. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\\', '\n', 'n', 'x', '1', 'b', '\u001b', '\u202e', '\u2028', 'u', '{', '…'),
  }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const OBEYED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** What an escape stands for. */
function readBack(text: string): string {
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };
  return text.replace(
    /\\(?:x([0-9a-f]{2})|u\{([0-9a-f]+)\}|(.))/gu,
    (_all, byte?: string, point?: string, name?: string) => {
      const hex = byte ?? point;
      return hex === undefined
        ? (named[name as string] as string)
        : String.fromCodePoint(Number.parseInt(hex, 16));
    },
  );
}

describe('text in the audit log', () => {
  it('has nothing that a terminal or a reader of lines obeys, and can be read back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = auditText(text, 4096);
        expect(shown).not.toMatch(OBEYED);
        expect(readBack(shown)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('is bounded, with a mark that no text can imitate', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 20 }), anyText, (text, max, other) => {
        const shown = auditText(text, max);
        expect(shown).not.toMatch(OBEYED);
        expect(/(?<!\\)(?:\\\\)*\\…/.test(shown)).toBe(text.length > max);
        // At most nine for one, as in `\u{fff9}`, and the mark.
        expect(shown.length).toBeLessThanOrEqual(max * 9 + 20);
        expect(auditText(other, 4096)).not.toMatch(/(?<!\\)(?:\\\\)*\\…/);
      }),
      { numRuns: 1000 },
    );
    expect(auditText('abcdef', 4)).toBe('abcd\\…2 more…');
    expect(auditText('abc🎉', 4)).toBe('abc\\…2 more…');
  });
});
