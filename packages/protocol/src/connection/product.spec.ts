import { describe, it } from 'vitest';
import { productProperties } from '../testing/properties/product.js';

describe('every state with every event', () => {
  for (const [property, check] of Object.entries(productProperties)) it(property, check);
});
