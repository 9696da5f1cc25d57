import { expect, it } from 'vitest';
import { judge } from './judge.mjs';
import { markdown } from './report.mjs';

const measured = (id, section, targets, runs) => ({
  ...{ date: '2026-01-02T03:04:05Z', load: 1, rounds: 3, amount: '1 MiB', unit: 'MB/s' },
  ...judge({ id, section, title: `title of ${id}`, targets, bounds: { delay: { ceiling: 20 } } }, [
    { name: 'filex', title: 'FileX', runs },
    { name: 'peer', title: 'Peer', runs },
    { name: 'absent', title: 'Absent', missing: 'not installed: absent' },
  ]),
});
const runs = [1, 2, 3].map((value) => ({ value, processor: 0.5, more: { delay: 4 } }));
const report = {
  ...{ node: 'v20', system: 'Linux', processor: 'CPU', cores: 2, memory: 2 ** 30, fileSystem: 'tmpfs' },
  ...{ versions: ['peer 1.0', 'peer 1.0'], command: 'npm run bench --' },
  rows: [measured('a', 'One', { peer: { floor: 2 } }, runs), measured('b', 'Two', {}, runs)],
};

it('has the same cells in every line of a table', () => {
  const lines = markdown(report)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const cells = lines.map((line) => line.split('|').length);
  expect(new Set(cells).size).toBe(1);
});

it('tells sections, versions, what is missing, what is missed, and how to measure it again', () => {
  const text = markdown(report);
  expect(text).toContain('### One');
  expect(text).toContain('### Two');
  expect(text).toContain('Measured with peer 1.0.');
  expect(text).toContain('| Absent | not installed: absent |');
  expect(text).toContain('**1.00** (1.00–1.00) | 2 ✗ |');
  expect(text).toContain("`npm run bench -- --only '^a$'`");
});
