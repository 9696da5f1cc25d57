import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseSpecification } from './parse.js';

const protocol = join(import.meta.dirname, '../../../protocol/PROTOCOL.md');
const kept = join(import.meta.dirname, 'specification.json');
const specification = parseSpecification(readFileSync(protocol, 'utf8'));

it('is what PROTOCOL.md says (npx vitest run src/spec -u)', async () => {
  await expect(`${JSON.stringify(specification, undefined, 2)}\n`).toMatchFileSnapshot(kept);
});

it('has everything', () => {
  expect(specification.rules.length).toBeGreaterThan(200);
  expect(Object.keys(specification.chapters)).toHaveLength(22);
  expect(Object.keys(specification.frames)).toHaveLength(14);
  expect(Object.keys(specification.messages)).toHaveLength(14); // no DATA, but the entry
  expect(Object.keys(specification.machines).sort()).toEqual([
    'call',
    'connection',
    'download',
    'listing',
    'upload',
  ]);
  expect(specification.machines['upload']?.['open']).toMatchObject({ I_DATA: 'open', R_FAILURE: 'settled' });
  expect(specification.codes['OPERATION_MISMATCH']).toBe(0x35);
  expect(specification.limits['maxStreams']).toEqual({ floor: 1, standard: 256, cap: 65_536 });
  expect(specification.words['conflict policy']).toMatchObject({ fail: 0, newer: 4 });
  expect(specification.rules.find(({ id }) => id === 'FX-4.1-1')).toEqual({
    id: 'FX-4.1-1',
    chapter: 4,
    section: '4.1',
    text: 'A sender MUST set `flags` to 0 on every type of this table. Others are `FRAME_MALFORMED`.',
  });
});
