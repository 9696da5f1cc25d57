import { defineSuite } from './harness/suite.js';
import { suites } from './suites.js';

for (const suite of suites) defineSuite(suite);
