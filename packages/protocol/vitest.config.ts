import { defineConfig } from 'vitest/config';
import { mutantLoader } from './src/testing/mutants.js';

export default defineConfig({
  plugins: [mutantLoader()],
  test: {
    // vitest leaves one core to itself, and on two cores that is half of the machine.
    maxWorkers: '100%',
    include: ['src/**/*.spec.ts', 'fuzz/**/*.spec.ts'],
    setupFiles: ['src/testing/setup.ts'],
    // Properties take many runs, and the machine may be busy; a test that hangs is still found.
    testTimeout: 60_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts', 'src/testing/**'] },
  },
});
