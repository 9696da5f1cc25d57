import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['adversary/**/*.adversary.ts'],
    // Each attack has a bound of its own.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    reporters: ['./adversary/harness/table-reporter.ts'],
  },
});
