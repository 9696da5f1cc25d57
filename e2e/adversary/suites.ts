import { credit } from './attacks/credit.js';
import { framing } from './attacks/framing.js';
import { handshake } from './attacks/handshake.js';
import { lies } from './attacks/lying-server.js';
import { path } from './attacks/path.js';
import { state } from './attacks/state.js';
import { transfer } from './attacks/transfer.js';
import type { Suite } from './harness/suite.js';

/** Milliseconds that uploads are remembered: short, so that what an attack left is gone soon. */
const resumeTimeout = 1500;

/** Every attack, and the server that it is tried on. */
export const suites: readonly Suite[] = [
  {
    title: 'a server as it is by default',
    options: { limits: { resumeTimeout } },
    attacks: [...handshake, ...framing, ...state, ...credit, ...transfer, ...path],
  },
  { title: 'a client', options: { limits: { resumeTimeout } }, attacks: [...lies] },
];
