/** How often what is nobody's wish may still happen. */
export interface Budget {
  /** `kill -9`. */
  kills: number;
  powerCuts: number;
  /** Connections that the client loses. */
  cuts: number;
  otherUploads: number;
  /** A stranger removes, moves away or replaces what has the name. */
  strangers: number;
}

export interface Bounds {
  readonly name: string;
  readonly policy: 'fail' | 'overwrite' | 'rename';
  /** Of the second client. */
  readonly otherPolicy: 'fail' | 'overwrite';
  /** Servers on the one folder. */
  readonly processes: 1 | 2;
  /** Whether the name has an older file at first. */
  readonly occupied: boolean;
  /** Whether the file system has links; otherwise the staged file itself is moved to its name. */
  readonly links: boolean;
  /** Whether a power cut may keep one side of a rename only. */
  readonly tears: boolean;
  /** What the first attempt sends, and what the later ones do: only a client that breaks the rules makes them differ. */
  readonly contents: readonly [string, string];
  readonly left: Budget;
}

const quiet: Budget = { kills: 0, powerCuts: 0, cuts: 0, otherUploads: 0, strangers: 0 };

export const one = {
  policy: 'overwrite',
  otherPolicy: 'overwrite',
  processes: 1,
  occupied: false,
  links: true,
  tears: false,
  contents: ['a', 'a'],
} as const;
export const two = { ...one, processes: 2 } as const;

/** What may happen, in place of nothing. */
export const happens = (left: Partial<Budget>): Budget => ({ ...quiet, ...left });

/** Fits into a test run. */
export const shortBounds: readonly Bounds[] = [
  { ...one, name: 'a power cut', left: happens({ powerCuts: 1, cuts: 1 }) },
  { ...one, name: 'replacing, and a power cut', occupied: true, left: happens({ powerCuts: 1, cuts: 1 }) },
  { ...one, name: 'killed', occupied: true, left: happens({ kills: 1, cuts: 1 }) },
  { ...one, name: 'killed, keep', policy: 'fail', left: happens({ kills: 1, otherUploads: 1 }) },
  { ...one, name: 'killed, another name', policy: 'rename', left: happens({ kills: 1, otherUploads: 1 }) },
  {
    ...one,
    name: 'power and another upload',
    occupied: true,
    left: happens({ powerCuts: 1, otherUploads: 1 }),
  },
  { ...one, name: 'power and strangers', occupied: true, left: happens({ powerCuts: 1, strangers: 1 }) },
  { ...one, name: 'no links', links: false, left: happens({ powerCuts: 1, cuts: 1 }) },
  { ...one, name: 'renames that tear', occupied: true, tears: true, left: happens({ powerCuts: 1 }) },
  { ...two, name: 'two servers', left: happens({ cuts: 1 }) },
  { ...two, name: 'two servers, replacing', occupied: true, left: happens({ cuts: 1 }) },
  { ...two, name: 'two servers, one killed', left: happens({ kills: 1 }) },
  {
    ...two,
    name: 'two servers, and a client that breaks the rules',
    contents: ['b', 'a'],
    left: happens({ cuts: 1 }),
  },
];

/** Takes a minute or two. */
export const wideBounds: readonly Bounds[] = [
  ...shortBounds,
  { ...one, name: 'killed, and the power cut', occupied: true, left: happens({ kills: 1, powerCuts: 1 }) },
  { ...one, name: 'two power cuts', occupied: true, left: happens({ powerCuts: 2 }) },
  { ...one, name: 'killed, strangers', occupied: true, left: happens({ kills: 1, cuts: 1, strangers: 1 }) },
  {
    ...one,
    name: 'no links, another upload',
    links: false,
    occupied: true,
    left: happens({ powerCuts: 1, otherUploads: 1 }),
  },
  { ...two, name: 'two servers, killed and replaced', left: happens({ kills: 1, otherUploads: 1 }) },
  { ...two, name: 'two servers, keep', policy: 'fail', left: happens({ cuts: 1, otherUploads: 1 }) },
  { ...two, name: 'two servers, killed and cut', left: happens({ kills: 1, cuts: 1 }) },
  { ...two, name: 'two servers, a power cut', left: happens({ powerCuts: 1 }) },
];

/** Many minutes. */
export const deepBounds: readonly Bounds[] = [
  ...wideBounds,
  { ...two, name: 'two servers, both killed', left: happens({ kills: 2 }) },
  {
    ...two,
    name: 'two servers, replacing, killed and cut',
    occupied: true,
    left: happens({ kills: 1, cuts: 1 }),
  },
  {
    ...two,
    name: 'two servers, a client that breaks the rules, killed',
    contents: ['b', 'a'],
    left: happens({ kills: 1, cuts: 1 }),
  },
  { ...two, name: 'two servers, cut and replaced', left: happens({ cuts: 1, otherUploads: 1 }) },
];
