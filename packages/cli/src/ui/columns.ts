import stringWidth from 'fast-string-width';

/** Text measured and cut in terminal columns: a wide character takes two, a combining one none. */

const ELLIPSIS = '…';
const ascii = /^[\x20-\x7e]*$/;
let segmenter: Intl.Segmenter | undefined;

export function columnsOf(text: string): number {
  return ascii.test(text) ? text.length : stringWidth(text);
}

/** At most `columns` wide; what is cut from the middle is replaced by `…`, because both ends of a path tell something. */
export function fit(text: string, columns: number): string {
  if (columns <= 0) return '';
  if (columnsOf(text) <= columns) return text;
  if (columns === 1) return ELLIPSIS;
  const room = columns - 1;
  const tail = Math.ceil(room / 2);
  const graphemes = split(text);
  const end = takeEnd(graphemes, tail);
  const start = takeStart(graphemes, room - columnsOf(end));
  return `${start}${ELLIPSIS}${end}`;
}

/** At most `columns` wide, the end cut off. For lines, where the beginning matters. */
export function clip(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  return takeStart(split(text), Math.max(0, columns));
}

/** Exactly `columns` wide: cut or filled with spaces. */
export function pad(text: string, columns: number): string {
  const fitted = fit(text, columns);
  return fitted + ' '.repeat(Math.max(0, columns - columnsOf(fitted)));
}

/** Filled with spaces on the left; never cut. */
export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - columnsOf(text))) + text;
}

function split(text: string): string[] {
  if (ascii.test(text)) return text.split('');
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

function takeStart(graphemes: readonly string[], columns: number): string {
  let taken = '';
  let left = columns;
  for (const grapheme of graphemes) {
    left -= columnsOf(grapheme);
    if (left < 0) break;
    taken += grapheme;
  }
  return taken;
}

function takeEnd(graphemes: readonly string[], columns: number): string {
  let taken = '';
  let left = columns;
  for (let i = graphemes.length - 1; i >= 0; i -= 1) {
    const grapheme = graphemes[i] as string;
    left -= columnsOf(grapheme);
    if (left < 0) break;
    taken = grapheme + taken;
  }
  return taken;
}
