import { expect, test } from 'vitest';
import { roomyFolder } from '../harness/space.js';
import { transferWithCuts } from './cutting.js';

const MiB = 1024 * 1024;
const SIZE = 1024 * MiB;

test.each(['up', 'down'] as const)(
  '1 GiB %s a line that is cut every 100 MiB: at most 1.02 times its bytes on the wire',
  async (direction) => {
    const base = roomyFolder(2 * SIZE);
    const { wire, connections, seconds, screen } = await transferWithCuts({
      direction,
      size: SIZE,
      every: 100 * MiB,
      base,
    });
    const times = (wire / SIZE).toFixed(4);
    console.log(
      `${direction}: ${times} x on the wire, ${connections} connections, ${seconds.toFixed(1)} s\n${screen}`,
    );
    expect(connections).toBeGreaterThan(10);
    expect(wire / SIZE).toBeLessThanOrEqual(1.02);
  },
);
