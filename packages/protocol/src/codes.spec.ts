import { describe, expect, it } from 'vitest';
import { type Code, codeName, codeNumber, codes, FIRST_LOCAL_CODE } from './codes.js';

const names = Object.keys(codes) as Code[];
const local = names.filter((name) => codes[name].number >= FIRST_LOCAL_CODE);

describe('codes', () => {
  it('have a number each, that fits two bytes', () => {
    const numbers = names.map((name) => codes[name].number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const number of numbers) expect(number).toBeLessThanOrEqual(0xffff);
    expect(codes.OK.number).toBe(0);
  });

  it('travel by number and come back by name', () => {
    for (const name of names.filter((each) => !local.includes(each)))
      expect(codeName(codeNumber(name))).toBe(name);
  });

  it('that name what one end found out by itself never travel', () => {
    expect(local).toContain('CONNECTION_LOST');
    for (const name of local) {
      expect(codeNumber(name)).toBe(codes.INTERNAL.number);
      expect(codeName(codes[name].number)).toBe('UNKNOWN_CODE');
    }
  });

  it('that nobody knows have a name for that', () => {
    for (const number of [0x10, 0x7f, 0x1234, 0xefff, 0xffff]) expect(codeName(number)).toBe('UNKNOWN_CODE');
  });
});
