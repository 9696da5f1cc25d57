import { expect, test } from 'vitest';
import { runChaos } from './run.js';

// `npm run chaos` plays as many as one likes.
test('six rounds of chaos break nothing', async () => {
  const lines: string[] = [];
  const failed = await runChaos({ rounds: 6, seed: 'slice', say: (line) => lines.push(line) });
  expect(failed, lines.join('\n')).toBe(0);
  expect(lines.at(-1)).toBe('6 passed, 0 failed');
});
