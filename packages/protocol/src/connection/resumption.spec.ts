import { describe, it } from 'vitest';
import { resumptionProperties } from '../testing/properties/resumption.js';

describe('an upload over many connections', () => {
  for (const [property, check] of Object.entries(resumptionProperties)) it(property, check);
});
