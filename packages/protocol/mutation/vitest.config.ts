import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** What has to notice a mutant of wire/ and machine/: the specs beside the code, and the tables of PROTOCOL.md. */
export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['src/{wire,machine}/**/*.spec.ts', 'src/protocol-md.spec.ts'],
    setupFiles: ['src/testing/setup.ts', 'mutation/setup.ts'],
    // Thousands of runs: what was loaded once need not be loaded again.
    isolate: false,
    testTimeout: 60_000,
  },
});
