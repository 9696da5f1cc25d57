import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.e2e.ts'],
    // Minutes and gigabytes: `npm run -w e2e test:heavy`.
    exclude: [...configDefaults.exclude, '**/*.heavy.e2e.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // Whole processes and real disks: one file at a time, so that a slow machine does not look like a bug.
    fileParallelism: false,
  },
});
