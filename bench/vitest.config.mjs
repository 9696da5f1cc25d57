import { defineConfig } from 'vitest/config';

// The logic of the bench, not the figures.
export default defineConfig({ test: { include: ['**/*.spec.mjs'], testTimeout: 60_000 } });
