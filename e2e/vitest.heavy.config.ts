import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.heavy.e2e.ts'],
    testTimeout: 900_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
