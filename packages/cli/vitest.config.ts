import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts'],
    setupFiles: ['src/testing/setup.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts'] },
  },
});
