import { expect, it } from 'vitest';
import { mixedTree } from './mixed-tree.mjs';
import { median } from './statistics.mjs';

const FILES = 26_000;

it('is the same tree every time, and another one from another seed', () => {
  expect([...mixedTree(500)]).toEqual([...mixedTree(500)]);
  expect([...mixedTree(500, 1)]).not.toEqual([...mixedTree(500, 2)]);
});

it('has so many files, each under a name of its own that no folder has', () => {
  for (const files of [1, 39, 41, 1000]) {
    const paths = [...mixedTree(files)].map(({ path }) => path);
    expect(new Set(paths).size).toBe(files);
    const folders = new Set(paths.map((path) => path.slice(0, path.lastIndexOf('/'))));
    expect(paths.some((path) => folders.has(path))).toBe(false);
  }
});

it('has sizes like those of what npm installs: most are small, some are megabytes', () => {
  const sizes = [...mixedTree(FILES)].map(({ size }) => size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(median(sizes)).toBeGreaterThan(1500);
  expect(median(sizes)).toBeLessThan(2500);
  expect(total / 1e6).toBeGreaterThan(250);
  expect(total / 1e6).toBeLessThan(400);
  expect(Math.max(...sizes)).toBeGreaterThan(2 ** 20);
});
