import { randomBytes } from 'node:crypto';

/** No two that look alike: neither 0 and o nor 1 and l. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyz';
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** A passcode that nobody can guess and anybody can type: 100 random bits, such as `k7m3p-x2hq9-8wzra-n5tdc`. */
export function createPasscode(): string {
  // 32 letters: five bits of each byte choose one, all equally often.
  const letters = [...randomBytes(GROUPS * GROUP_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]);
  const groups = Array.from({ length: GROUPS }, (_, i) =>
    letters.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH).join(''),
  );
  return groups.join('-');
}
