import { idleConnections } from './idle.mjs';
import { uploadsAtOnce } from './uploads.mjs';

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const inMiB = (bytes) => `${Math.round(bytes / MiB).toLocaleString('en')} MiB`;

/**
 * What is measured: `measure` does it once, with a new server, and tells bytes; `target` is on the median of them, in the
 * unit that `scale` bytes are.
 */
export const rows = [
  {
    id: 'uploads',
    title: 'the most that a server has in memory during uploads at once',
    amount: ({ clients, size }) => `${clients} × ${inMiB(size)}`,
    measure: uploadsAtOnce,
    unit: 'MiB',
    scale: MiB,
    target: { ceiling: 256, goal: 128 },
  },
  {
    id: 'idle-plain',
    title: 'memory of a server for each idle connection, plain',
    amount: ({ plain }) => `${plain} connections`,
    measure: ({ dir, plain }) => idleConnections({ dir, tls: false, count: plain }),
    unit: 'KiB',
    scale: KiB,
    target: { ceiling: 8, goal: 4 },
  },
  {
    id: 'idle-tls',
    title: 'memory of a server for each idle connection, encrypted',
    amount: ({ tls }) => `${tls} connections`,
    measure: ({ dir, tls }) => idleConnections({ dir, tls: true, count: tls }),
    unit: 'KiB',
    scale: KiB,
    target: { ceiling: 40, goal: 30 },
  },
];
