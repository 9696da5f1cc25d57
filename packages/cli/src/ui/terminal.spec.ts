import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Output } from '../io.js';
import { type ColorChoice, isLive, usableColumns, usesColor, usesUnicode } from './terminal.js';

const stream = (isTTY: boolean, columns?: number): Output =>
  Object.assign(new PassThrough(), { isTTY, columns });

describe('usesColor', () => {
  it.each<[string, boolean, ColorChoice, Record<string, string>, boolean]>([
    ['a terminal', true, 'auto', {}, true],
    ['a pipe', false, 'auto', {}, false],
    ['asked for', false, 'always', { NO_COLOR: '1' }, true],
    ['refused', true, 'never', { FORCE_COLOR: '1' }, false],
    ['NO_COLOR', true, 'auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['an empty NO_COLOR counts as none', true, 'auto', { NO_COLOR: '' }, true],
    ['FORCE_COLOR', false, 'auto', { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', true, 'auto', { FORCE_COLOR: '0' }, false],
    ['a dumb terminal', true, 'auto', { TERM: 'dumb' }, false],
  ])('%s', (_name, isTTY, choice, env, expected) => {
    expect(usesColor(stream(isTTY), choice, env)).toBe(expected);
  });
});

describe('isLive', () => {
  it.each<[string, boolean, Record<string, string>, boolean]>([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['CI', true, { CI: 'true' }, false],
    ['CI=false', true, { CI: 'false' }, true],
  ])('%s', (_name, isTTY, env, expected) => expect(isLive(stream(isTTY), env)).toBe(expected));
});

describe('usesUnicode', () => {
  it.each<[NodeJS.Platform, Record<string, string>, boolean]>([
    ['linux', {}, true],
    ['linux', { TERM: 'linux' }, false],
    ['win32', {}, false],
    ['win32', { WT_SESSION: 'x' }, true],
  ])('%s %j', (platform, env, expected) => expect(usesUnicode(platform, env)).toBe(expected));
});

describe('usableColumns', () => {
  it('stays clear of the last column and of nonsense', () => {
    expect(usableColumns(stream(true, 80))).toBe(79);
    expect(usableColumns(stream(true, 1))).toBe(1);
    expect(usableColumns(stream(true, 0))).toBe(79);
    expect(usableColumns(stream(false))).toBe(79);
  });
});
