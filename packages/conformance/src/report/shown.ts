import { bounds } from '../bounds.js';

/** Text of a peer, harmless in a terminal and not too long for it. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, bounds.shownText))
    .slice(1, -1)
    .replaceAll(
      /[\p{Cc}\p{Cf}]/gu,
      (each) => `\\u${(each.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
    );
}
