import { describe, it } from 'vitest';
import { floodProperties } from '../testing/properties/flood.js';

describe('too much of one kind', () => {
  for (const [property, check] of Object.entries(floodProperties)) it(property, check);
});
