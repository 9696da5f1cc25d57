import type { Scene } from './scene.js';

/** What an attack is about; a file of attacks each. */
type AttackClass =
  | 'framing'
  | 'handshake'
  | 'state'
  | 'credit'
  | 'transfer'
  | 'path'
  | 'flood'
  | 'slowness'
  | 'login'
  | 'permission'
  | 'quota'
  | 'resuming'
  | 'race'
  | 'log'
  | 'network'
  | 'crowd'
  | 'lying server'
  | 'identity';

/** One thing that somebody hostile does, as data. */
export interface Attack {
  /** Unique; its first word is short for the class. */
  readonly id: string;
  readonly class: AttackClass;
  /** Who is attacked. */
  readonly target: 'server' | 'client';
  /** What is done, to follow its id. */
  readonly what: string;
  /** The codes that are right: `GOAWAY FRAME_TOO_LARGE`, `RESULT NOT_FOUND`, `exit 12`, `closed`, or what `run` says. */
  readonly expected: string | readonly string[];
  /** Milliseconds that it may take. Default: `bounds.duration`. */
  readonly duration?: number;
  /** MiB that the attacked process may grow by. Default: `bounds.growth`. */
  readonly growth?: number;
  /** What it may leave in its own folder of the served one. Default: nothing. */
  readonly leaves?: readonly string[];
  /** Part of `npm test`: cheap, and one of its kind. */
  readonly slice?: true;
  /** Does it; returns what came back. */
  run(scene: Scene): Promise<string>;
}

/** Every bound that an attack is held against, by name. */
export const bounds = {
  /** Milliseconds. */
  duration: 15_000,
  /** MiB that an attacked server may grow by, at its peak. */
  growth: 96,
  /** MiB that an attacked client may use at most. */
  client: 220,
  /** MiB of garbage-collected memory that it has; one that wants more ends. */
  clientHeap: 96,
  /** Milliseconds that honest transfers may be held up. */
  gap: 5_000,
  /** Milliseconds until nothing staged is left, after the time that uploads are remembered. */
  leftovers: 8_000,
} as const;

/** Why the whole of it cannot be run here; undefined where it can. */
export const unfit =
  process.platform === 'linux'
    ? undefined
    : `attackers need addresses of their own, and /proc tells the memory of a process: not on ${process.platform}`;

/** One line of the table. */
export interface Row {
  readonly id: string;
  readonly class: string;
  readonly target: string;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly milliseconds: number;
  /** Bytes that honest clients have moved meanwhile. */
  readonly honest: number;
  /** MiB, the most that the attacked process has used. */
  readonly peak: number;
  /** What was not as it must be; nothing: the attack was withstood. */
  readonly faults: readonly string[];
  /** Why it could not be tried here. */
  readonly skipped?: string;
}
