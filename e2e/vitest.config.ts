import { configDefaults, defineConfig } from 'vitest/config';

/**
 * These fill the machine by themselves, or watch the clock, memory or what a cut throws away: one after the other, beside nothing
 * else.
 */
const alone = [
  'adversary/**/*.e2e.ts',
  'chaos/slice.e2e.ts',
  'must-hold/fifty-clients.e2e.ts',
  'must-hold/large-file.e2e.ts',
  'unbreakable/cut-line.e2e.ts',
];
/** Minutes and gigabytes: `npm run -w e2e test:heavy`. */
const heavy = [...configDefaults.exclude, '**/*.heavy.e2e.ts'];
const patience = { testTimeout: 180_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...patience,
          name: 'side by side',
          include: ['**/*.e2e.ts'],
          exclude: [...heavy, ...alone],
          // Whole processes, which wait for each other more than they compute. Ports and folders are free ones.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patience,
          name: 'alone',
          include: alone,
          exclude: heavy,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
