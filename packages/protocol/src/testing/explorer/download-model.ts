import { acceptFault } from '../../connection/resume.js';
import { downloadOffset } from '../../machine/download.js';
import { type OperationState, stepOperation } from '../../machine/operation.js';
import { BLOCK_SIZE } from '../../wire/digest.js';
import type { Model, Move } from './model.js';

/** How much may happen while a file is fetched. A letter is a block, and the digest of a text is the text. */
export interface DownloadBounds {
  readonly name: string;
  /** What the server has, and has after a change. */
  readonly source: string;
  readonly changed: string;
  readonly attempts: number;
  readonly underWay: number;
  readonly cuts: number;
  readonly sourceChanges: number;
  readonly corruptions: number;
  readonly resets: number;
  /** Things that only a lying server says. */
  readonly lies: number;
}

const base = { source: 'ab', changed: 'ac', attempts: 3, underWay: 4, corruptions: 1, resets: 1 };

export const downloadBounds: readonly DownloadBounds[] = [
  { ...base, name: 'a download, cut', cuts: 2, sourceChanges: 1, lies: 0 },
  { ...base, name: 'a download that gets shorter', changed: 'b', cuts: 2, sourceChanges: 1, lies: 0 },
  {
    ...base,
    name: 'a download from a server that lies',
    attempts: 2,
    corruptions: 0,
    resets: 0,
    cuts: 1,
    sourceChanges: 1,
    lies: 2,
  },
];

type Up =
  | { readonly kind: 'OPEN'; readonly asked: number; readonly prefix: string }
  | { readonly kind: 'RESET' };
type Down =
  | { readonly kind: 'ACCEPT'; readonly offset: number; readonly size: number }
  | { readonly kind: 'DATA'; readonly piece: string }
  | { readonly kind: 'END'; readonly length: number; readonly digest: string }
  | { readonly kind: 'SUCCESS' }
  | { readonly kind: 'FAILURE' };

interface DownloadWorld {
  state: 'idle' | 'running' | 'done' | 'failed';
  attempts: number;
  /** What the client has, of this attempt or an earlier one. */
  kept: string;
  asked: number;
  size: number;
  end: { readonly length: number; readonly digest: string } | undefined;
  over: boolean;
  /** What the server has, and what it sends now: one version, whatever happens meanwhile. */
  source: string;
  sending: string;
  at: number;
  link: boolean;
  cut: boolean;
  clientStream: OperationState;
  serverStream: OperationState | undefined;
  up: readonly Up[];
  down: readonly Down[];
  left: { cuts: number; sourceChanges: number; corruptions: number; resets: number; lies: number };
  wrong: string | undefined;
}

/** A download over several connections, each of which goes on with what the one before has left. */
export function downloadModel(bounds: DownloadBounds): Model<DownloadWorld> {
  const { cuts, sourceChanges, corruptions, resets, lies } = bounds;
  return {
    first: () => ({
      state: 'idle',
      attempts: 0,
      kept: '',
      asked: 0,
      size: 0,
      end: undefined,
      over: false,
      source: bounds.source,
      sending: '',
      at: 0,
      link: false,
      cut: false,
      clientStream: 'closed',
      serverStream: undefined,
      up: [],
      down: [],
      left: { cuts, sourceChanges, corruptions, resets, lies },
      wrong: undefined,
    }),
    copyOf: (world) => ({ ...world, left: { ...world.left } }),
    keyOf: (world) => JSON.stringify(world),
    movesOf: (world) => movesOf(world, bounds),
    isOver: ({ state }) => state === 'done' || state === 'failed',
    violationIn: (world) => violationIn(world, bounds),
  };
}

function violationIn({ state, kept, end, wrong }: DownloadWorld, bounds: DownloadBounds): string | undefined {
  if (wrong !== undefined) return wrong;
  if (state !== 'done') return undefined;
  if (kept !== end?.digest) return 'a file that is not what its digest says';
  const honest = [bounds.source, bounds.changed].includes(kept);
  return honest || bounds.lies > 0 ? undefined : 'a file that the server never had';
}

function* movesOf(world: DownloadWorld, bounds: DownloadBounds): Generator<Move<DownloadWorld>> {
  const { state, left, link, cut, up, down } = world;
  if (state === 'done' || state === 'failed') return;
  if (state === 'idle') {
    if (!world.over && world.attempts < bounds.attempts) {
      yield { name: 'the client sends OPEN', fair: true, make: (to) => open(to, 0) };
      const { length } = world.kept;
      if (length > 0) yield { name: `OPEN, offset ${length}`, fair: true, make: (to) => open(to, length) };
    }
    if (world.attempts > 0) yield { name: 'the client gives up', fair: true, make: stop };
    if (left.sourceChanges > 0) {
      yield {
        name: 'the source changes',
        fair: false,
        make: (to) => {
          to.left.sourceChanges -= 1;
          to.source = bounds.changed;
        },
      };
    }
    return;
  }
  if (down.length > 0)
    yield { name: `the client hears ${down[0]?.kind}`, fair: true, make: (to) => hear(to, bounds) };
  if (cut) yield { name: 'the connection is lost', fair: true, make: lose };
  if (!cut && left.cuts > 0) {
    yield {
      name: 'the connection is cut',
      fair: false,
      make: (to) => {
        to.left.cuts -= 1;
        to.cut = true;
      },
    };
  }
  if (left.resets > 0 && stepOperation('download', world.clientStream, 'I_RESET') !== undefined) {
    yield {
      name: 'the client sends RESET',
      fair: false,
      make: (to) => {
        to.left.resets -= 1;
        giveUp(to);
      },
    };
  }
  const damaged = left.corruptions > 0 ? down.findIndex(({ kind }) => kind === 'DATA') : -1;
  if (damaged >= 0) {
    yield {
      name: 'DATA is corrupted',
      fair: false,
      make: (to) => {
        to.left.corruptions -= 1;
        to.down = to.down.map((frame, i) => (i === damaged ? { kind: 'DATA', piece: '!' } : frame));
      },
    };
  }
  if (link && up.length > 0)
    yield { name: `the server hears ${up[0]?.kind}`, fair: true, make: (to) => serve(to) };
  if (!link || cut || down.length >= bounds.underWay) return;
  yield* send(world);
}

function* send(world: DownloadWorld): Generator<Move<DownloadWorld>> {
  const { serverStream, at, sending, left } = world;
  const say =
    (event: 'R_DATA' | 'R_END' | 'R_SUCCESS' | 'R_FAILURE', frame: Down, lie = 0) =>
    (to: DownloadWorld): void => {
      to.left.lies -= lie;
      if (frame.kind === 'DATA') to.at += 1;
      to.serverStream = stepOperation('download', to.serverStream as OperationState, event);
      to.down = [...to.down, frame];
    };
  if (serverStream === 'streaming' && at < sending.length) {
    const piece = sending[at] as string;
    yield {
      name: `the server sends DATA(${piece})`,
      fair: true,
      make: say('R_DATA', { kind: 'DATA', piece }),
    };
    if (left.lies > 0)
      yield { name: 'a lie: DATA(z)', fair: false, make: say('R_DATA', { kind: 'DATA', piece: 'z' }, 1) };
  }
  if (serverStream === 'streaming' && at >= sending.length) {
    const end = { kind: 'END', length: sending.length, digest: sending } as const;
    yield { name: 'the server sends END', fair: true, make: say('R_END', end) };
    if (left.lies > 0) {
      yield { name: 'a lie: END of z', fair: false, make: say('R_END', { ...end, digest: 'z' }, 1) };
      yield {
        name: 'a lie: DATA(z) more',
        fair: false,
        make: say('R_DATA', { kind: 'DATA', piece: 'z' }, 1),
      };
    }
  }
  if (serverStream === 'ended') {
    yield { name: 'the server sends RESULT', fair: true, make: say('R_SUCCESS', { kind: 'SUCCESS' }) };
  }
  if (serverStream === 'cancelled') {
    yield { name: 'the server answers RESET', fair: true, make: say('R_FAILURE', { kind: 'FAILURE' }) };
  }
}

function open(world: DownloadWorld, asked: number): void {
  Object.assign(world, {
    state: 'running',
    attempts: world.attempts + 1,
    asked,
    kept: world.kept.slice(0, asked),
    end: undefined,
    link: true,
    cut: false,
    clientStream: 'requested',
    serverStream: undefined,
    up: [{ kind: 'OPEN', asked, prefix: world.kept.slice(0, asked) }],
    down: [],
  } satisfies Partial<DownloadWorld>);
}

function serve(world: DownloadWorld): void {
  const [frame, ...rest] = world.up as [Up, ...Up[]];
  world.up = rest;
  if (frame.kind === 'RESET') {
    if (world.serverStream === 'closed') return;
    world.serverStream = stepOperation('download', world.serverStream as OperationState, 'I_RESET');
    return;
  }
  const { source, left } = world;
  const honest = downloadOffset(frame.asked, source.length, source.slice(0, frame.asked) === frame.prefix);
  // A server that may lie goes on where it was asked to, whatever is there.
  const offset = left.lies > 0 ? Math.min(frame.asked, source.length) : honest;
  if (offset !== honest) left.lies -= 1;
  world.sending = source;
  world.at = offset;
  world.serverStream = stepOperation('download', 'requested', 'R_ACCEPT');
  if (!world.cut) world.down = [...world.down, { kind: 'ACCEPT', offset, size: source.length }];
}

function hear(world: DownloadWorld, bounds: DownloadBounds): void {
  const [frame, ...rest] = world.down as [Down, ...Down[]];
  world.down = rest;
  const event = (
    { ACCEPT: 'R_ACCEPT', DATA: 'R_DATA', END: 'R_END', SUCCESS: 'R_SUCCESS', FAILURE: 'R_FAILURE' } as const
  )[frame.kind];
  const before = world.clientStream;
  const next = stepOperation('download', before, event);
  if (next === undefined || (frame.kind === 'ACCEPT' && isMalformed(world, frame.offset)))
    return fault(world, bounds);
  world.clientStream = next;
  if (before === 'cancelled') {
    if (next === 'closed') stop(world);
    return;
  }
  switch (frame.kind) {
    case 'ACCEPT':
      if (frame.offset === 0) world.kept = '';
      world.size = frame.size;
      return;
    case 'DATA':
      if (world.kept.length === world.size) return giveUp(world);
      world.kept += frame.piece;
      return;
    case 'END':
      if (frame.length !== world.kept.length) return fault(world, bounds);
      world.end = frame;
      return;
    case 'SUCCESS':
      if (world.kept !== world.end?.digest || world.kept.length !== world.size) return discard(world);
      world.state = 'done';
      world.link = false;
      return;
    case 'FAILURE':
      return stop(world);
  }
}

function isMalformed({ asked }: DownloadWorld, offset: number): boolean {
  const accept = { offset: offset * BLOCK_SIZE, prefix: undefined };
  return acceptFault('download', asked * BLOCK_SIZE, accept) !== undefined;
}

/** What came is not what was sent: nothing of it can be used. */
function discard(world: DownloadWorld): void {
  world.kept = '';
  lose(world);
}

function giveUp(world: DownloadWorld): void {
  world.over = true;
  world.clientStream = stepOperation('download', world.clientStream, 'I_RESET') ?? world.clientStream;
  if (!world.cut) world.up = [...world.up, { kind: 'RESET' }];
}

function stop(world: DownloadWorld): void {
  world.state = 'failed';
  world.link = false;
}

function lose(world: DownloadWorld): void {
  world.state = 'idle';
  world.link = false;
  world.up = [];
  world.down = [];
}

function fault(world: DownloadWorld, bounds: DownloadBounds): void {
  if (world.left.lies === bounds.lies) world.wrong = 'an honest server is taken for a broken one';
  lose(world);
}
