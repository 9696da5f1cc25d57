type Unit = 'bytes' | 'count' | 'ms';

const KiB = 1024;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Largest first, for writing. Those of bytes are powers of 1024, as everywhere in FileX. */
const factors: Readonly<Record<Unit, readonly (readonly [suffix: string, factor: number])[]>> = {
  bytes: [
    ['T', KiB ** 4],
    ['G', KiB ** 3],
    ['M', KiB ** 2],
    ['K', KiB],
    ['', 1],
  ],
  count: [['', 1]],
  ms: [
    ['d', day],
    ['h', hour],
    ['m', minute],
    ['s', second],
    ['ms', 1],
  ],
};

/** What can be given to {@link parseAmount}, to end a sentence with. */
export const amountForms: Readonly<Record<Unit, string>> = {
  bytes: 'a number of bytes, such as 500M or 4G',
  count: 'a whole number',
  ms: 'a number of milliseconds, or a time such as 30s, 10m or 2h',
};

/**
 * Reads a number, with K, M, G or T after it when it is of bytes, with s, m, h or d when it is of milliseconds.
 * @returns undefined when it is none.
 */
export function parseAmount(given: string | number, unit: Unit): number | undefined {
  const groups = /^(?<number>\d+(?:\.\d+)?)(?<suffix>[a-z]*)$/i.exec(String(given))?.groups;
  if (groups === undefined) return undefined;
  const suffix = (groups['suffix'] as string).toLowerCase();
  const factor = factors[unit].find(([known]) => known.toLowerCase() === suffix)?.[1];
  // Milliseconds are what a bare number means.
  const value = Number(groups['number']) * (factor ?? (suffix === '' ? 1 : Number.NaN));
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes a number so that {@link parseAmount} reads it back as the same, as short as can be. */
export function formatAmount(value: number, unit: Unit): string {
  const fits = factors[unit].find(([, factor]) => value !== 0 && value % factor === 0);
  if (fits === undefined) return String(value);
  const [suffix, factor] = fits;
  return `${value / factor}${suffix}`;
}
