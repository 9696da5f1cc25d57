/**
 * What somebody has chosen of a numbered list: `all`, or numbers and ranges of them, in any order.
 * @returns each number once, in the order of the list; undefined when it cannot be understood.
 */
export function parseSelection(typed: string, length: number): number[] | undefined {
  const words = typed
    .trim()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const chosen = new Set<number>();
  for (const word of words) {
    if (/^all$/i.test(word)) {
      for (let number = 1; number <= length; number += 1) chosen.add(number);
      continue;
    }
    const groups = /^(?<from>\d{1,6})(?:-(?<to>\d{1,6}))?$/.exec(word)?.groups;
    if (groups === undefined) return undefined;
    const from = Number(groups['from']);
    const to = Number(groups['to'] ?? groups['from']);
    if (from < 1 || to > length || from > to) return undefined;
    for (let number = from; number <= to; number += 1) chosen.add(number);
  }
  return [...chosen].sort((a, b) => a - b);
}
