import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    setupFiles: ['src/testing/setup.ts'],
    // Hundreds of files are flushed to the disk in some: on a busy machine that takes its time.
    testTimeout: 60_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts'] },
  },
});
