import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // vitest leaves one core to itself, and on two cores that is half of the machine.
    maxWorkers: '100%',
    include: ['src/**/*.spec.ts'],
    // Machines are busy at times; what hangs is found all the same.
    testTimeout: 60_000,
    setupFiles: ['src/testing/setup.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts'] },
  },
});
