import { defineConfig } from 'vitest/config';
import { mutantLoader } from './src/testing/mutants.js';

export default defineConfig({
  plugins: [mutantLoader()],
  test: {
    include: ['src/**/*.spec.ts'],
    setupFiles: ['src/testing/setup.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts', 'src/testing/**'] },
  },
});
