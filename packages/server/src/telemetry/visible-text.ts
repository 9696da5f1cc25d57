/** Control characters, halves of surrogate pairs, line separators, and what turns the direction of text around. */
const TREACHEROUS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text from elsewhere for a terminal or a log: it can neither begin a line of its own nor command the terminal. */
export function visibleText(text: string): string {
  return text.replace(TREACHEROUS, (character) => {
    if (character === '\n') return '\\n';
    const code = (character.codePointAt(0) as number).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
  });
}
