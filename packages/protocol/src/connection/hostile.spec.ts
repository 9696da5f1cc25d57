import { describe, it } from 'vitest';
import { hostileProperties } from '../testing/properties/hostile.js';

describe('a hostile peer', () => {
  for (const [property, check] of Object.entries(hostileProperties)) it(property, check, 60_000);
});
