import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // vitest leaves one core to itself, and on two cores that is half of the machine.
    maxWorkers: '100%',
    include: ['src/**/*.spec.ts'],
    setupFiles: ['src/testing/setup.ts'],
    // Hundreds of files are flushed to the disk in some: on a busy machine that takes its time.
    testTimeout: 60_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts'] },
  },
});
