import { describe, it } from 'vitest';
import { ignorableProperties } from '../testing/properties/ignorable.js';

describe('what this version does not know', () => {
  for (const [property, check] of Object.entries(ignorableProperties)) it(property, check);
});
