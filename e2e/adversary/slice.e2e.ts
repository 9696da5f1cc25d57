import { defineSuite } from './harness/suite.js';
import { slice } from './suites.js';

for (const suite of slice) defineSuite(suite);
