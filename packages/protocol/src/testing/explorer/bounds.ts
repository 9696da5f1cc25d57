import type { Budget } from './world.js';

/** One exploration: who takes part, and how much may happen. */
export interface Bounds {
  readonly name: string;
  readonly policy: 'fail' | 'overwrite' | 'rename';
  /** What the client's file has, and has after a change; a letter is a piece of a block. */
  readonly source: string;
  readonly changed: string;
  /** Letters of a block. */
  readonly block: number;
  /** OPENs of the client. */
  readonly attempts: number;
  /** Frames of one direction of one connection under way at most. */
  readonly underWay: number;
  readonly left: Budget;
  /** Whether the server finds its journals after a crash; otherwise it has forgotten everything but the files. */
  readonly journals: boolean;
  readonly server: 'honest' | 'lying';
}

export const nothing: Budget = {
  cuts: 0,
  crashes: 0,
  clientCrashes: 0,
  resets: 0,
  otherWrites: 0,
  sourceChanges: 0,
  corruptions: 0,
  lies: 0,
  forgotten: 0,
};

const base = {
  policy: 'overwrite',
  source: 'ab',
  changed: 'ac',
  block: 1,
  attempts: 2,
  underWay: 3,
  journals: true,
  server: 'honest',
} as const;

export const short = { ...base, source: 'a', changed: 'c', underWay: 2 } as const;

/** Fits into a test run. */
export const shortBounds: readonly Bounds[] = [
  { ...short, name: 'two blocks, cut', source: 'ab', left: { ...nothing, cuts: 1 } },
  { ...short, name: 'a client that gives up', left: { ...nothing, cuts: 1, resets: 1 } },
  { ...short, name: 'a server that crashes', left: { ...nothing, cuts: 1, crashes: 1 } },
  { ...short, name: 'a source that changes', left: { ...nothing, cuts: 1, sourceChanges: 1 } },
  { ...short, name: 'an empty file', source: '', left: { ...nothing, cuts: 1, crashes: 1 } },
  { ...short, name: 'somebody else, keep', policy: 'fail', left: { ...nothing, crashes: 1, otherWrites: 1 } },
  {
    ...short,
    name: 'somebody else, another name',
    policy: 'rename',
    left: { ...nothing, crashes: 1, otherWrites: 1 },
  },
  {
    ...short,
    name: 'corruption, and a client that lies',
    left: { ...nothing, corruptions: 1, lies: 1 },
  },
  { ...short, name: 'a server that forgets', left: { ...nothing, cuts: 1, forgotten: 1 } },
  {
    ...short,
    name: 'a server that keeps all in memory, and crashes',
    journals: false,
    left: { ...nothing, crashes: 1, sourceChanges: 1 },
  },
  { ...short, name: 'a client that crashes', left: { ...nothing, clientCrashes: 1 } },
  { ...short, name: 'a server that lies', server: 'lying', left: { ...nothing, lies: 2 } },
];

/** Takes a minute or several. */
export const wideBounds: readonly Bounds[] = [
  { ...base, name: 'two blocks, cut twice', left: { ...nothing, cuts: 2 } },
  { ...base, name: 'two blocks, and a client that gives up', left: { ...nothing, cuts: 1, resets: 1 } },
  { ...base, name: 'two blocks, and a server that crashes', left: { ...nothing, cuts: 1, crashes: 1 } },
  { ...base, name: 'three attempts', attempts: 3, source: 'a', left: { ...nothing, cuts: 2, crashes: 1 } },
  { ...base, name: 'two crashes', attempts: 3, source: 'a', left: { ...nothing, crashes: 2 } },
  { ...base, name: 'a source that changes', left: { ...nothing, cuts: 1, sourceChanges: 1 } },
  {
    ...base,
    name: 'a source that changes, and a crash',
    source: 'a',
    changed: 'c',
    left: { ...nothing, cuts: 1, crashes: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'a source that becomes shorter',
    changed: 'a',
    left: { ...nothing, cuts: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'a part of a block',
    source: 'abc',
    changed: 'abd',
    block: 2,
    left: { ...nothing, cuts: 1, crashes: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'somebody else, keep',
    policy: 'fail',
    source: 'a',
    left: { ...nothing, cuts: 1, crashes: 1, otherWrites: 1, resets: 1 },
  },
  {
    ...base,
    name: 'somebody else, overwrite',
    source: 'a',
    left: { ...nothing, cuts: 1, crashes: 1, otherWrites: 1 },
  },
  {
    ...base,
    name: 'somebody else, another name',
    policy: 'rename',
    source: 'a',
    changed: 'c',
    left: { ...nothing, cuts: 1, crashes: 1, otherWrites: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'corruption, and a client that lies',
    left: { ...nothing, cuts: 1, corruptions: 1, lies: 1 },
  },
  {
    ...base,
    name: 'a server that forgets',
    attempts: 3,
    source: 'a',
    changed: 'c',
    left: { ...nothing, cuts: 1, forgotten: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'a server that keeps all in memory, and crashes',
    attempts: 3,
    source: 'a',
    changed: 'c',
    underWay: 2,
    journals: false,
    left: { ...nothing, cuts: 1, crashes: 1, sourceChanges: 1 },
  },
  {
    ...base,
    name: 'a client that crashes',
    source: 'a',
    left: { ...nothing, cuts: 1, crashes: 1, clientCrashes: 1 },
  },
  {
    ...base,
    name: 'a server that lies',
    server: 'lying',
    source: 'a',
    left: { ...nothing, lies: 3, cuts: 1 },
  },
];

/** On top of these: as many minutes again, and a gigabyte or two. */
export const deepBounds: readonly Bounds[] = [
  { ...base, name: 'three attempts, two cuts', attempts: 3, left: { ...nothing, cuts: 2 } },
  {
    ...base,
    name: 'two cuts and two crashes',
    attempts: 3,
    source: 'a',
    left: { ...nothing, cuts: 2, crashes: 2 },
  },
  { ...base, name: 'two crashes, two blocks', left: { ...nothing, cuts: 1, crashes: 2, sourceChanges: 1 } },
];
