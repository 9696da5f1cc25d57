import { expect, it } from 'vitest';
import { parseStatus } from './resident.mjs';

it('reads what Linux tells of a process', () => {
  const status = 'Name:\tnode\nVmPeak:\t 1000 kB\nVmHWM:\t  200 kB\nVmRSS:\t  100 kB\nRssAnon:\t 50 kB\n';
  expect(parseStatus(status)).toEqual({ now: 100 * 1024, peak: 200 * 1024 });
  expect(() => parseStatus('Name:\tkthreadd\n')).toThrow('VmRSS');
});
