import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { linesOf } from './lines.js';
import { ReceiptFile } from './receipt-file.js';

async function read(path: string): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  for await (const { text } of linesOf(path)) lines.push(text);
  return lines;
}

describe('a file of receipts', () => {
  it('has every line that was added, whatever came together, after those that were there', async () => {
    const batches = fc.array(fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { maxLength: 8 }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(batches, async (rounds) => {
        const path = join(temporaryFolder(), 'receipts');
        for (const lines of rounds) {
          const file = await ReceiptFile.open(path);
          await Promise.all(lines.map((line) => file.add(line)));
          await file.close();
        }
        expect(rounds.length === 0 ? [] : await read(path)).toEqual(rounds.flat());
      }),
      { numRuns: 20 },
    );
  });

  it('is there when the line is said to be, for its owner alone', async () => {
    const path = join(temporaryFolder(), 'receipts');
    const file = await ReceiptFile.open(path);
    await file.add('one');
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    await file.close();
  });

  it('ends a line that was cut before', async () => {
    const path = join(temporaryFolder(), 'receipts');
    writeFileSync(path, 'whole\ncut');
    const file = await ReceiptFile.open(path);
    await file.add('next');
    await file.close();
    expect(await read(path)).toEqual(['whole', 'cut', 'next']);
  });

  it('cannot be a folder, and says so before anything is sent', async () => {
    const path = join(temporaryFolder(), 'folder');
    mkdirSync(path);
    await expect(ReceiptFile.open(path)).rejects.toMatchObject({ code: 'IS_A_DIRECTORY' });
  });

  it('has lines of any length, and those that are too long are none', async () => {
    const path = join(temporaryFolder(), 'receipts');
    writeFileSync(path, `\n \na\r\n${'x'.repeat(300_000)}\nb`);
    const lines: unknown[] = [];
    for await (const line of linesOf(path)) lines.push(line);
    expect(lines).toEqual([
      { number: 3, text: 'a' },
      { number: 4, text: undefined },
      { number: 5, text: 'b' },
    ]);
  });
});
