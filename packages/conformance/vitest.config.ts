import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [
    {
      name: 'markdown-as-text', // as the loader in tsup.config.ts
      transform: (text, id) =>
        id.endsWith('.md') ? { code: `export default ${JSON.stringify(text)}`, map: null } : undefined,
    },
  ],
  test: {
    // vitest leaves one core to itself, and on two cores that is half of the machine.
    maxWorkers: '100%',
    include: ['src/**/*.spec.ts'],
    // A whole run of the suite against a real server and its disk is one test.
    testTimeout: 120_000,
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/*.spec.ts', 'src/testing/**'] },
  },
});
