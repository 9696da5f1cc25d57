import { join } from 'node:path';

/** Mutation testing of what is pure: bytes and tables. docs/MUTATION.md has the score and what survives. */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'mutation/vitest.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner', join(import.meta.dirname, 'ignore-texts.mjs')],
  ignorers: ['texts'],
  mutate: ['src/{wire,machine}/**/*.ts', '!src/**/*.spec.ts'],
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // On top of what the tests of a mutant need without it.
  timeoutMS: 4000,
  timeoutFactor: 1,
  reporters: ['clear-text', 'progress', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  htmlReporter: { fileName: 'coverage/mutation.html' },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.stryker',
};
