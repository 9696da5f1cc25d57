import fc from 'fast-check';
import { expect } from 'vitest';
import { BLOCK_SIZE } from '../../wire/digest.js';
import { hex } from '../bytes.js';
import { Resumption, type Trouble } from '../resumption.js';

const trouble = (patient: boolean): fc.Arbitrary<Trouble> =>
  fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    size: fc.oneof(
      fc.nat({ max: 3000 }),
      fc.constantFrom(BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 2 * BLOCK_SIZE + 70_000),
    ),
    cuts: fc.nat({ max: 6 }),
    crashes: fc.nat({ max: 3 }),
    patient: fc.constant(patient),
  });

/** More than any run that comes to an end needs. */
const ROUNDS = 20_000;

export const resumptionProperties = {
  'an upload that is cut and crashed, whenever, is stored once and whole, and its client hears so'() {
    fc.assert(
      fc.property(trouble(true), (each) => {
        const upload = new Resumption(each);
        expect(upload.run(ROUNDS), 'it comes to an end').toBe(true);
        expect(upload.attempts.state).toBe('done');
        expect(upload.files).toHaveLength(1);
        expect(hex(upload.files[0] as Uint8Array) === hex(upload.content)).toBe(true);
      }),
      {
        numRuns: 100,
        // Each has met a defect that was made on purpose; chance alone meets them nearly always.
        examples: [
          [{ seed: 718_646_867, size: 2, cuts: 1, crashes: 0, patient: true }],
          [{ seed: 6, size: BLOCK_SIZE - 1, cuts: 2, crashes: 1, patient: true }],
          [{ seed: 1_813_109_680, size: BLOCK_SIZE - 1, cuts: 3, crashes: 0, patient: true }],
          [{ seed: 326_460_328, size: 2 * BLOCK_SIZE, cuts: 3, crashes: 1, patient: true }],
        ],
      },
    );
  },

  'a client that gives up never says that nothing happened to a file that was stored'() {
    fc.assert(
      fc.property(trouble(false), (each) => {
        const upload = new Resumption(each);
        expect(upload.run(ROUNDS), 'it comes to an end').toBe(true);
        const { state, effect } = upload.attempts;
        expect(['done', 'failed']).toContain(state);
        expect(upload.files.length).toBeLessThanOrEqual(1);
        if (effect === 'none') expect(upload.files).toEqual([]);
        if (effect === 'applied') expect(upload.files).toHaveLength(1);
        for (const file of upload.files) expect(hex(file) === hex(upload.content)).toBe(true);
      }),
      {
        numRuns: 100,
        examples: [
          [{ seed: 11, size: 1, cuts: 0, crashes: 2, patient: false }],
          [{ seed: 1_430_856_853, size: BLOCK_SIZE + 1, cuts: 2, crashes: 1, patient: false }],
        ],
      },
    );
  },
};
