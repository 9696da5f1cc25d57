import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folderIn, temporaryFolder } from '../harness/temporary.js';
import { digestOf, Ledger } from './ledger.js';

const [old, sent, other] = ['old', 'sent', 'other'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
];
const [oldDigest, sentDigest] = [digestOf(old), digestOf(sent)];

function watched(): { ledger: Ledger; root: string; path: string } {
  const ledger = new Ledger();
  const root = folderIn(temporaryFolder(), 'root');
  ledger.watch(root);
  return { ledger, root, path: join(root, 'a') };
}

test('any part of a file that is not the whole is noticed, at once', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (content, cut) => {
      const { ledger, path } = watched();
      ledger.expect(path, [digestOf(content)], [digestOf(content)]);
      writeFileSync(path, content.subarray(0, cut % content.length));
      ledger.look();
      expect(ledger.violations).toHaveLength(1);
      ledger.violations.length = 0;
      writeFileSync(path, content);
      ledger.settle();
      expect(ledger.violations).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('what may be there meanwhile need not be what must be there at the end', () => {
  const { ledger, path } = watched();
  ledger.expect(path, [oldDigest, sentDigest], [sentDigest]);
  writeFileSync(path, old);
  ledger.look();
  expect(ledger.violations).toEqual([]);
  ledger.settle();
  expect(ledger.violations).toHaveLength(1);
});

test('a missing file, and one that nobody put there', () => {
  const { ledger, root, path } = watched();
  ledger.expect(path, [sentDigest], [sentDigest]);
  mkdirSync(join(root, 'folder'));
  writeFileSync(join(root, 'folder/b'), sent);
  ledger.settle();
  expect(ledger.violations).toHaveLength(2);
});

test('a file that changes under its name is read again', () => {
  const { ledger, path } = watched();
  ledger.expect(path, [sentDigest], [sentDigest]);
  writeFileSync(path, sent);
  ledger.look();
  expect(ledger.holds(path, sentDigest)).toBe(true);
  appendFileSync(path, 'x');
  ledger.look();
  expect(ledger.violations).toHaveLength(1);
  expect(ledger.holds(path, sentDigest)).toBe(false);
  rmSync(path);
  expect(ledger.holds(path, sentDigest)).toBe(false);
});

test('a renamed copy is there once, beside what was there before', () => {
  const { ledger, path } = watched();
  ledger.expect(path, [oldDigest], [oldDigest], sentDigest);
  writeFileSync(path, old);
  ledger.settle();
  expect(ledger.violations).toHaveLength(1);
  ledger.violations.length = 0;
  writeFileSync(`${path} (1)`, sent);
  ledger.settle();
  expect(ledger.violations).toEqual([]);
  writeFileSync(`${path} (2)`, sent);
  ledger.settle();
  expect(ledger.violations).toHaveLength(1);
  ledger.violations.length = 0;
  renameSync(`${path} (2)`, `${path} (3)`);
  writeFileSync(`${path} (3)`, other);
  ledger.settle();
  expect(ledger.violations).toHaveLength(1);
});

test('what programs keep for themselves is not looked at, nor what is of no interest any more', () => {
  const { ledger, root, path } = watched();
  mkdirSync(join(root, '.filex/staging'), { recursive: true });
  writeFileSync(join(root, '.filex/staging/x'), other);
  writeFileSync(join(root, '.filex-x.part'), other);
  ledger.expect(path, [sentDigest], [sentDigest]);
  ledger.forget(root);
  ledger.settle();
  expect(ledger.violations).toEqual([]);
});
