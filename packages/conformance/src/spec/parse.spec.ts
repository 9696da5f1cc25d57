import { expect, it } from 'vitest';
import { specification } from './specification.js';

it('finds everything in PROTOCOL.md', () => {
  expect(specification.rules.length).toBeGreaterThan(200);
  expect(Object.keys(specification.chapters)).toHaveLength(22);
  expect(Object.keys(specification.frames)).toHaveLength(14);
  expect(Object.keys(specification.messages)).toHaveLength(16); // no DATA, but the entry, the receipt and its statement
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
  expect(specification.rules.find(({ id }) => id === 'FX-4.2-7')).toEqual({
    id: 'FX-4.2-7',
    chapter: 4,
    section: '4.2',
    text: 'Any other unknown type is `FRAME_UNKNOWN`.',
  });
  for (const { id, text } of specification.rules) expect(text, id).toMatch(/^\S.{15,}[.:]$/);
});
