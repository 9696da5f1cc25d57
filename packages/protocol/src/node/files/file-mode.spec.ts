import type { BigIntStats } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileMode } from './file-mode.js';

const umask = process.umask();
const of = (mode: number): BigIntStats => ({ mode: BigInt(0o100000 | mode) }) as BigIntStats;

describe('the permissions of a published file', () => {
  it('are those of a new file', () => {
    expect(fileMode(false)).toBe(0o644 & ~umask);
    expect(fileMode(true)).toBe(0o755 & ~umask);
  });

  it('let nobody in who could not read the replaced file, whatever it was', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.nat(0o7777), (executable, old) => {
        const mode = fileMode(executable, of(old));
        expect(mode & ~fileMode(executable)).toBe(0); // so nothing special, and nobody else may write
        expect(mode & 0o700).toBe(fileMode(executable) & 0o700);
        for (const shift of [0, 3]) {
          const mayRead = (old >> shift) & 4;
          const now = (mode >> shift) & 7;
          expect(now).toBe(mayRead ? (fileMode(executable) >> shift) & 7 : 0);
        }
      }),
    );
  });
});
