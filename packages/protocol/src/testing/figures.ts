import { beforeEach } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** What the test has gone through, by name; scripts/steps.mjs adds up those of all tests. */
    figures?: Record<string, number>;
  }
}

let figures: Record<string, number> = {};

/** Called once for each spec file. */
export function collectFigures(): void {
  beforeEach(({ task }) => {
    figures = task.meta.figures ??= {};
  });
}

/** Counts something that the running test has done, for the sums that `npm run test:protocol` prints. */
export function figure(name: string, count: number): void {
  figures[name] = (figures[name] ?? 0) + count;
}
