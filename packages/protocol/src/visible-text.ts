// Cc: C0, DEL, C1. Cs: half surrogate pairs. Zl, Zp: line and paragraph separators. The rest reorders or is invisible;
// the zero-width joiner and the variation selectors stay, because emoji are made of them.
const TREACHEROUS =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u{ad}\u{115f}\u{1160}\u{180e}\u{200b}\u{200c}\u{2060}-\u{206f}\u{3164}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}]/gu;

/** What nearly all text is, told much faster than by looking for each of those. */
const PLAIN = /^[ -~]*$/;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text that a peer chose (a name, a message), made safe for a terminal or a log: what would begin a line, move the
 * cursor, ring, recolour, turn the reading direction or hide is written as an escape (`\n`, `\x1b`, `\u{202e}`).
 * Printable text is left alone. For people only: the result cannot be turned back, since a backslash stays as it is.
 */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(TREACHEROUS, (character) => {
    const known = named[character];
    if (known !== undefined) return known;
    const point = character.codePointAt(0) as number;
    const hex = point.toString(16);
    return point < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
  });
}
