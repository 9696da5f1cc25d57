import { visibleText } from '@filex/protocol';

/**
 * Text that a peer chose, as it stands in the audit log: what a terminal could obey or a reader could mistake is written as
 * an escape (`\n`, `\x1b`, `\u{202e}`), and a backslash twice, so that no two texts look the same. A text of more than
 * `max` UTF-16 units is cut and marked with `\…`, how much is missing and `…`, which no text can imitate.
 */
export function auditText(text: string, max: number): string {
  if (text.length <= max) return escaped(text);
  const end = isHighSurrogate(text, max - 1) ? max - 1 : max; // not through a character
  return `${escaped(text.slice(0, end))}\\…${text.length - end} more…`;
}

function escaped(text: string): string {
  return visibleText(text.replaceAll('\\', '\\\\'));
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00;
}
