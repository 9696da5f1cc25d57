// First, so that it is in place before anything keeps a function of node:fs.
import './install.js';

import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { loseThePower, record, scratchFolder } from './power-loss.js';
import { mixedWorkload, shortWorkloads } from './workload.js';

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux')('a LocalStore that loses the power', () => {
  it.each(Object.entries(shortWorkloads))(
    'at any moment, whatever got through, keeps its word (%s)',
    async (_, workload) => {
      const recording = await record(workload, scratch);
      const findings = await loseThePower(recording, scratch, {
        seed: 1,
        exhaustive: 7,
        random: 20,
        states: 60,
      });
      expect(findings.violations.slice(0, 5)).toEqual([]);
      expect(findings.states).toBeGreaterThan(40);
    },
  );

  it('in the middle of much, keeps its word', async () => {
    const recording = await record(mixedWorkload(1), scratch);
    const extent = { seed: 1, exhaustive: 3, random: 4, states: 30 };
    const findings = await loseThePower(recording, scratch, extent);
    expect(findings.violations.slice(0, 5)).toEqual([]);
    expect(findings.states).toBe(30);
  });
});
