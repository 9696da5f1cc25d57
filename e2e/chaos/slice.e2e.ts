import { expect, test } from 'vitest';
import { runChaos } from './run.js';

test('ten rounds of chaos break nothing', async () => {
  const lines: string[] = [];
  const failed = await runChaos({ rounds: 10, seed: 'slice', say: (line) => lines.push(line) });
  expect(failed, lines.join('\n')).toBe(0);
  expect(lines.at(-1)).toBe('10 passed, 0 failed');
});
