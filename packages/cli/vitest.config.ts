import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    // Machines are busy at times; what hangs is found all the same.
    testTimeout: 60_000,
    setupFiles: ['src/testing/setup.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts'] },
  },
});
