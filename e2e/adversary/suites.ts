import { credit } from './attacks/credit.js';
import { crowd } from './attacks/crowd.js';
import { flood, tightFlood } from './attacks/flood.js';
import { framing } from './attacks/framing.js';
import { handshake } from './attacks/handshake.js';
import { identity } from './attacks/identity.js';
import { log } from './attacks/log.js';
import { closedDoor, login } from './attacks/login.js';
import { lies } from './attacks/lying-server.js';
import { network } from './attacks/network.js';
import { path } from './attacks/path.js';
import { permission, quota } from './attacks/permission.js';
import { race } from './attacks/race.js';
import { resuming } from './attacks/resuming.js';
import { HASTE, slowness } from './attacks/slowness.js';
import { state } from './attacks/state.js';
import { transfer } from './attacks/transfer.js';
import type { UserSpec } from './harness/arena.js';
import type { Attack } from './harness/attack.js';
import type { Suite } from './harness/suite.js';

/** Milliseconds that uploads are remembered: short, so that what an attack left is gone soon. */
const resumeTimeout = 1500;

const everything = ['list', 'read', 'create', 'overwrite', 'delete'];

const restricted = 'a server where not everybody may do everything';

const users: Readonly<Record<string, UserSpec>> = {
  writer: { passcode: 'writer-passcode', preset: 'write' },
  other: { passcode: 'other-passcode', preset: 'write' },
  reader: { passcode: 'reader-passcode', preset: 'read' },
  dropper: { passcode: 'dropper-passcode', preset: 'drop' },
  nobody: { passcode: 'nobody-passcode', preset: 'none' },
  leaver: { passcode: 'leaver-passcode', preset: 'write' },
  changer: { passcode: 'changer-passcode', preset: 'write' },
  rooted: { passcode: 'rooted-passcode', preset: 'write', root: 'people/rooted' },
  quota: {
    passcode: 'quota-passcode',
    preset: 'write',
    root: 'people/quota',
    quota: { bytes: 1024 * 1024, files: 20 },
  },
  boxed: { passcode: 'boxed-passcode', rules: [{ path: 'play', allow: everything }] },
  mixed: {
    passcode: 'mixed-passcode',
    preset: 'write',
    rules: [{ path: 'mixed/private', allow: [] }],
  },
};

/** Every attack, and the server that it is tried on. */
export const suites: readonly Suite[] = [
  {
    title: 'a server as it is by default',
    options: { limits: { resumeTimeout } },
    attacks: [...handshake, ...framing, ...state, ...credit, ...transfer, ...path, ...flood],
  },
  {
    title: 'a server with low limits',
    options: { limits: { resumeTimeout, maxListingEntries: 100, maxConnections: 40 } },
    attacks: tightFlood,
  },
  {
    title: 'a server in haste',
    options: {
      limits: {
        resumeTimeout,
        handshakeTimeout: HASTE,
        keepaliveInterval: HASTE,
        keepaliveTimeout: HASTE,
        progressInterval: 2 * HASTE,
        minProgress: 4096,
      },
    },
    attacks: slowness,
  },
  {
    title: 'a server with users',
    options: { limits: { resumeTimeout, loginDelay: 20, maxLoginDelay: 100 }, users },
    attacks: [...login, ...log, ...network],
  },
  {
    title: restricted,
    options: { limits: { resumeTimeout }, users, anonymous: 'read' },
    attacks: [...permission, ...quota],
  },
  {
    title: 'a server that remembers uploads for longer',
    // As long as the longest of these takes on a busy machine.
    options: { limits: { resumeTimeout: 5000 }, users },
    attacks: [...resuming, ...race],
  },
  {
    title: 'a server for a crowd',
    options: {
      limits: {
        resumeTimeout,
        maxConnections: 15_000,
        maxConnectionsPerAddress: 15_000,
        maxHandshakes: 2000,
        creditBudget: 8 * 1024 * 1024 * 1024,
      },
    },
    attacks: crowd,
  },
  {
    title: 'a server that nobody may use unnamed',
    options: { anonymous: 'none', users },
    attacks: closedDoor,
  },
  { title: 'a client', options: { limits: { resumeTimeout }, users }, attacks: [...lies, ...identity] },
];

const isCheap = ({ slice: cheap }: Attack): boolean => cheap === true;
/** Those for `npm test`: cheap ones of each class that need no server of their own, on two servers. */
export const slice: readonly Suite[] = [
  {
    title: 'a server and a client under attack, in short',
    options: { limits: { resumeTimeout }, users },
    attacks: suites
      .filter(({ title }) => title !== restricted)
      .flatMap(({ attacks }) => attacks.filter(isCheap)),
  },
  ...suites
    .filter(({ title }) => title === restricted)
    .map((suite) => ({
      ...suite,
      title: `${suite.title}, in short`,
      attacks: suite.attacks.filter(isCheap),
    })),
];
