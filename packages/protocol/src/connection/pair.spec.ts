import { describe, it } from 'vitest';
import { pairProperties } from '../testing/properties/pair.js';

describe('two connections back to back', () => {
  for (const [property, check] of Object.entries(pairProperties)) it(property, check, 60_000);
});
