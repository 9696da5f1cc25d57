import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    // A whole run of the suite against a real server and its disk is one test.
    testTimeout: 120_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts', 'src/testing/**'] },
  },
});
