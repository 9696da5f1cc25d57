import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../../bounds.js';
import { openWithin, temporaryFolder } from '../../../testing/temporary-folder.js';
import type { Folder } from '../folder.js';
import { JOURNAL, Journal } from './journal.js';
import { JournalReader } from './journal-reader.js';
import { formatLine, type JournalLine, parseLine, type UploadRecord } from './upload-record.js';

const top = temporaryFolder();
let count = 0;
function folder(): Folder {
  count += 1;
  const path = join(top, String(count));
  mkdirSync(path);
  return { path, device: 0n, key: path, close: async () => undefined };
}

const record = (name: string, epoch: number, path = 'ä/日本'): UploadRecord => ({
  name,
  principal: 'ann',
  arguments: 'x',
  epoch,
  at: epoch,
  path,
  ifExists: 'fail',
  executable: false,
  durable: 0,
});
const names = fc.constantFrom('a', 'b', 'c', 'd');
const lines: fc.Arbitrary<JournalLine> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(names, fc.nat(9)).map(([name, epoch]) => ({ upload: record(name, epoch) })),
  },
  { weight: 1, arbitrary: names.map((forget) => ({ forget })) },
);
function told(written: readonly JournalLine[]): Map<string, UploadRecord> {
  const known = new Map<string, UploadRecord>();
  for (const line of written) {
    if ('upload' in line) known.set(line.upload.name, line.upload);
    else if ('forget' in line) known.delete(line.forget);
  }
  return known;
}

describe('a line of the journal', () => {
  it('is read as it was written, and not at all when any character of it was changed or is missing', () => {
    fc.assert(
      fc.property(lines, fc.nat(), fc.integer({ min: 1, max: 127 }), (line, at, change) => {
        const text = formatLine(line).slice(0, -1);
        expect(parseLine(text)).toEqual(line);
        const index = at % text.length;
        const code = text.charCodeAt(index) ^ change;
        expect(
          parseLine(text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1)),
        ).toBeUndefined();
        expect(parseLine(text.slice(0, index))).toBeUndefined();
      }),
    );
  });
});

describe('the journal', () => {
  it('tells the next server what it was told, however much of its end is missing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lines, { maxLength: 20 }), fc.nat(), async (written, cut) => {
        const at = folder();
        const journal = await Journal.create(at, { durable: true, boot: 'this', live: () => [] });
        const header = statSync(join(at.path, JOURNAL)).size;
        // Any number at once share a write.
        await Promise.all(written.map((line) => journal.append(line)));
        await journal.close();
        const reader = new JournalReader();
        expect(await reader.refresh(at.path)).toBe(true);
        expect(reader.boot).toBe('this');
        expect(reader.records).toEqual(told(written));
        const { size } = statSync(join(at.path, JOURNAL));
        const left = header + (cut % (size - header + 1));
        truncateSync(join(at.path, JOURNAL), left);
        const whole = readFileSync(join(at.path, JOURNAL), 'utf8').split('\n').length - 2;
        const again = new JournalReader();
        await again.refresh(at.path);
        expect(again.records).toEqual(told(written.slice(0, whole)));
      }),
      { numRuns: 30 },
    );
    expect(openWithin(top)).toEqual([]);
  });

  it('is read on by others while it is written, also after it was written anew', async () => {
    const at = folder();
    const live = new Map<string, UploadRecord>();
    const all = (): JournalLine[] => [...live.values()].map((upload) => ({ upload }));
    const journal = await Journal.create(at, { durable: false, boot: '', live: all });
    const reader = new JournalReader();
    const long = 'x'.repeat(4000);
    let rewritten = false;
    for (let epoch = 1; epoch <= 2 * (bounds.journalSize / 4000); epoch += 1) {
      const upload = record(`${epoch % 5}`, epoch, long);
      await journal.append({ upload });
      live.set(upload.name, upload);
      if (epoch % 97 !== 0) continue;
      await reader.refresh(at.path);
      expect(reader.records).toEqual(live);
      rewritten ||= statSync(join(at.path, JOURNAL)).size < epoch * 4000;
    }
    expect(rewritten).toBe(true);
    expect(statSync(join(at.path, JOURNAL)).size).toBeLessThan(bounds.journalSize + 10_000);
    await journal.close();
  });

  it('goes on after a line that was only partly written', async () => {
    const at = folder();
    const [first, second] = [{ upload: record('a', 1) }, { upload: record('b', 1) }];
    const text = `${formatLine(first).slice(0, -5)}\n${formatLine(second)}`;
    writeFileSync(join(at.path, JOURNAL), text);
    const reader = new JournalReader();
    await reader.refresh(at.path);
    expect([...reader.records.keys()]).toEqual(['b']);
    expect(await new JournalReader().refresh(join(top, 'nowhere'))).toBe(false);
  });
});
