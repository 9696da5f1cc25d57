import type { Direction, LineFault, Moment } from './line-fault.js';
import type { Random } from './random.js';

/**
 * What the network does to one connection: mostly something, and at most what it does not take long to get over.
 * @param bytes that all connections of the round have to bring.
 */
export function drawLineFaults(random: Random, bytes: number): LineFault[] {
  const faults: LineFault[] = [];
  if (random.chance(0.12)) faults.push({ kind: 'delay', least: 50, most: random.between(60, 300) });
  else faults.push({ kind: 'rate', bytesPerSecond: random.between(4, 24) * 1024 * 1024 });
  if (random.chance(0.25)) {
    faults.push({ kind: 'stall', after: drawMoment(random, bytes), milliseconds: random.between(100, 800) });
  }
  if (random.chance(0.65)) {
    const kind = random.pick(['reset', 'end', 'truncate', 'half-open'] as const);
    if (kind === 'truncate') faults.push({ kind, after: drawAmount(random, bytes) });
    else faults.push({ kind, after: drawMoment(random, bytes) });
  }
  return faults;
}

function drawMoment(random: Random, bytes: number): Moment {
  return random.chance(0.2) ? { milliseconds: random.between(1, 400) } : drawAmount(random, bytes);
}

/** Often in the handshake, else anywhere. */
function drawAmount(random: Random, bytes: number): { direction: Direction; bytes: number } {
  const direction = random.pick(['up', 'down'] as const);
  return {
    direction,
    bytes: random.chance(0.2) ? random.between(1, 2000) : random.between(1, Math.ceil(bytes / 4)),
  };
}
