import { initialState, type OperationState, stepOperation } from '../../machine/operation.js';
import {
  acceptUpload,
  answerTo,
  type Claim,
  effectOf,
  endUpload,
  failUpload,
  flushedUpload,
  forgetUpload,
  intendedUpload,
  isFenced,
  loseUpload,
  openUpload,
  publishedUpload,
  recordedUpload,
  recoverUpload,
  resetUpload,
  syncUpload,
  writeUpload,
} from '../../machine/staged-upload.js';
import type { Bounds } from './bounds.js';
import type { Move } from './model.js';
import type { FrameDown, FrameUp, Link, World } from './world.js';

/** Stands for the path and what else OPEN asks for: it is the same on every retry here. */
const REQUEST = '';

/** What an honest server may do next. */
export function* serverMoves(world: World, bounds: Bounds): Generator<Move<World>> {
  const { server, links } = world;
  if (!server.up) {
    yield { name: 'the server starts again', fair: true, make: recover };
    return;
  }
  for (const [i, link] of links.entries()) {
    const on = `on connection ${link.attempt}`;
    const linkOf = (to: World): Link => to.links[i] as Link;
    if (!link.server) continue;
    if (link.up.length > 0) {
      yield {
        name: `the server hears ${link.up[0]?.kind} ${on}`,
        fair: true,
        make: (to) => hear(to, linkOf(to), bounds),
      };
    }
    if (link.cut || (!link.client && link.up.length === 0)) {
      yield { name: `the server loses ${on}`, fair: true, make: (to) => lose(to, linkOf(to), bounds) };
    }
    if (
      link.phase === 'opening' &&
      server.upload !== undefined &&
      answerTo(server.upload, link.asked) !== 'wait'
    ) {
      yield { name: `the server accepts ${on}`, fair: true, make: (to) => accept(to, linkOf(to), bounds) };
    }
  }
  const { upload } = server;
  if (upload === undefined) return;
  const committing = ['flushing', 'intending', 'publishing', 'recording'].includes(upload.state);
  if (committing) {
    yield {
      name: `the server goes on with the commit: ${upload.state}`,
      fair: true,
      make: (to) => commit(to, bounds),
    };
  }
  if (upload.state === 'staging' && world.disk.flushed < world.disk.staged.length) {
    yield { name: 'the server flushes', fair: true, make: (to) => sync(to, bounds) };
  }
  const resting = ['empty', 'suspended', 'committed'].includes(upload.state);
  if (resting && world.left.forgotten > 0 && !links.some(isServed)) {
    yield { name: 'the server forgets the operation', fair: false, make: (to) => forget(to, bounds) };
  }
}

/** Whether a stream is being served. */
const isServed = ({ server, phase }: Link): boolean =>
  server && (phase === 'opening' || phase === 'running' || phase === 'committing');

/** The server dies: only what is on disk is left, and of what was not flushed as much as chance has it. */
export function crash(world: World, kept: number, placed: boolean): void {
  const { server, disk, names } = world;
  server.up = false;
  server.upload = undefined;
  disk.staged = disk.staged.slice(0, kept);
  const { placing } = names;
  if (placing !== undefined) {
    if (placed) {
      disk.moved = placing.at;
    } else {
      names[placing.at] = placing.before;
      world.commits = world.commits.slice(0, -1);
    }
    names.placing = undefined;
  }
  for (const link of world.links) {
    link.server = false;
    link.cut = true;
    link.up = [];
    link.waiting = [];
    link.phase = 'over';
  }
}

function recover(world: World): void {
  const { server, disk } = world;
  server.up = true;
  if (disk.journal === undefined) return dropStaged(world);
  server.upload = recoverUpload(disk.journal, disk.moved);
  const { state, durable } = server.upload;
  if (state !== 'suspended') return;
  if (disk.staged.length < durable) world.wrong = 'the journal counts bytes that did not survive';
  disk.staged = disk.staged.slice(0, durable);
  disk.flushed = disk.staged.length;
}

function hear(world: World, link: Link, bounds: Bounds): void {
  const [frame, ...rest] = link.up as [FrameUp, ...FrameUp[]];
  link.up = rest;
  if (frame.kind === 'OPEN') return open(world, link, frame, bounds);
  const event = ({ DATA: 'I_DATA', END: 'I_END', RESET: 'I_RESET' } as const)[frame.kind];
  if (link.serverStream === 'closed' && frame.kind === 'RESET') return; // crossed the last word
  const before = link.serverStream as OperationState;
  const next = stepOperation('upload', before, event);
  if (next === undefined) return fault(world, link, bounds);
  link.serverStream = next;
  if (frame.kind === 'RESET') return reset(world, link, bounds);
  if (before === 'settled') return;
  if (frame.kind === 'DATA') link.heard += 1;
  else if (frame.length !== link.base + link.heard) return fault(world, link, bounds);
  link.waiting = [...link.waiting, frame];
  drain(world, link, bounds);
}

function open(world: World, link: Link, { asked }: Extract<FrameUp, { kind: 'OPEN' }>, bounds: Bounds): void {
  const { server } = world;
  link.serverStream = initialState('upload', asked);
  link.asked = asked;
  const { upload, answer } = openUpload(server.upload, { request: REQUEST, offset: asked });
  if (answer === 'mismatch') return fail(link, 'OPERATION_MISMATCH', 'none');
  server.upload = upload;
  link.epoch = upload.epoch;
  link.phase = 'opening';
  persist(world, bounds);
  if (answer === 'start') dropStaged(world);
  for (const other of world.links) {
    const under = other.phase === 'opening' || other.phase === 'running';
    if (other !== link && under && isFenced(upload, other.epoch)) fail(other, 'SUPERSEDED', 'unknown');
  }
}

function accept(world: World, link: Link, bounds: Bounds): void {
  const { server, disk } = world;
  if (server.upload?.state === 'suspended') {
    disk.flushed = disk.staged.length;
    server.upload = syncUpload(server.upload, disk.flushed);
    persist(world, bounds);
  }
  const known = server.upload as NonNullable<typeof server.upload>;
  const { upload, offset, refusal } = acceptUpload(known, link.epoch, link.asked, bounds.block);
  server.upload = upload;
  if (refusal !== undefined) return fail(link, refusal.code, refusal.effect);
  persist(world, bounds);
  let prefix = upload.claim?.digest ?? '';
  if (upload.state === 'staging') {
    if (disk.staged.length > offset) disk.staged = disk.staged.slice(0, offset);
    disk.flushed = Math.min(disk.flushed, offset);
    prefix = disk.staged;
    link.seen = disk.staged;
  }
  const next = stepOperation('upload', link.serverStream as OperationState, 'R_ACCEPT');
  if (next !== undefined) {
    link.serverStream = next;
    link.base = offset;
    send(link, { kind: 'ACCEPT', epoch: link.epoch, offset, prefix: prefix.slice(0, offset) });
  }
  link.phase = 'running';
  drain(world, link, bounds);
}

/** Takes what was heard, as far as the stream is served. */
function drain(world: World, link: Link, bounds: Bounds): void {
  while (link.phase === 'running' && link.waiting.length > 0) {
    const [frame, ...rest] = link.waiting as [FrameUp, ...FrameUp[]];
    link.waiting = rest;
    if (frame.kind === 'DATA') write(world, link, frame.piece);
    else if (frame.kind === 'END') end(world, link, frame, bounds);
  }
}

function write(world: World, link: Link, piece: string): void {
  const { server, disk } = world;
  const known = server.upload as NonNullable<typeof server.upload>;
  const { upload, refusal } = writeUpload(known, link.epoch, 1);
  server.upload = upload;
  if (refusal !== undefined) return fail(link, refusal.code, refusal.effect);
  link.seen += piece;
  if (upload.state === 'staging') disk.staged += piece;
}

function end(world: World, link: Link, claimed: Claim, bounds: Bounds): void {
  const { server } = world;
  const known = server.upload as NonNullable<typeof server.upload>;
  const computed = { length: link.seen.length, digest: link.seen };
  const claim = { length: claimed.length, digest: claimed.digest };
  const { upload, refusal } = endUpload(known, link.epoch, claim, computed);
  server.upload = upload;
  persist(world, bounds);
  if (refusal !== undefined) {
    if (upload.state === 'empty') dropStaged(world);
    return fail(link, refusal.code, refusal.effect);
  }
  if (upload.state === 'committed') succeed(world, link, upload.result as string);
  else link.phase = 'committing';
}

function reset(world: World, link: Link, bounds: Bounds): void {
  const { server } = world;
  // Refused already, or the commit that runs is its own: that tells it how it ended.
  if (link.phase === 'over' || link.phase === 'committing' || server.upload === undefined) return;
  server.upload = resetUpload(server.upload, link.epoch);
  persist(world, bounds);
  if (server.upload.state === 'empty') dropStaged(world);
  fail(link, 'CANCELLED', effectOf(server.upload, 'none'));
}

function lose(world: World, link: Link, bounds: Bounds): void {
  const { server } = world;
  const served = link.phase === 'opening' || link.phase === 'running';
  link.server = false;
  link.cut = true;
  link.up = [];
  link.waiting = [];
  link.phase = 'over';
  if (!served || server.upload === undefined) return;
  server.upload = loseUpload(server.upload, link.epoch, bounds.block);
  persist(world, bounds);
  if (server.upload.state === 'empty') dropStaged(world);
}

function sync(world: World, bounds: Bounds): void {
  const { server, disk, links } = world;
  const upload = server.upload as NonNullable<typeof server.upload>;
  disk.flushed = disk.staged.length;
  server.upload = syncUpload(upload, disk.flushed);
  persist(world, bounds);
  const link = links.find(({ phase, epoch }) => phase === 'running' && epoch === upload.epoch);
  if (link === undefined) return;
  const next = stepOperation('upload', link.serverStream as OperationState, 'R_ACK');
  if (next === undefined) return;
  link.serverStream = next;
  send(link, { kind: 'ACK', offset: disk.flushed });
}

function commit(world: World, bounds: Bounds): void {
  const { server, disk, names } = world;
  const upload = server.upload as NonNullable<typeof server.upload>;
  switch (upload.state) {
    case 'flushing':
      disk.flushed = disk.staged.length;
      server.upload = flushedUpload(upload);
      break;
    case 'intending':
      server.upload = intendedUpload(upload);
      break;
    case 'publishing':
      if (names.placing === undefined) return place(world, bounds);
      disk.moved = names.placing.at;
      names.placing = undefined;
      server.upload = publishedUpload(upload, disk.moved);
      break;
    default: {
      server.upload = recordedUpload(upload);
      persist(world, bounds);
      dropStaged(world);
      for (const link of world.links) {
        if (link.phase === 'committing') succeed(world, link, server.upload.result as string);
      }
      return;
    }
  }
  persist(world, bounds);
}

/** Gives the staged file its name under the conflict policy, in one step. */
function place(world: World, { policy }: Bounds): void {
  const { server, disk, names } = world;
  const upload = server.upload as NonNullable<typeof server.upload>;
  const taken = (name: string | undefined): boolean => name !== undefined && name !== disk.staged;
  let at: 'first' | 'second' = 'first';
  if (policy !== 'overwrite' && taken(names.first)) {
    if (policy === 'fail' || taken(names.second)) {
      server.upload = failUpload(upload, 'none');
      disk.journal = server.upload.journal;
      dropStaged(world);
      for (const link of world.links) {
        if (link.phase === 'committing') fail(link, 'ALREADY_EXISTS', server.upload.effect);
      }
      return;
    }
    at = 'second';
  }
  if (policy !== 'overwrite' && names[at] === disk.staged) {
    world.identical = disk.staged;
    server.upload = publishedUpload(upload, at);
    return;
  }
  if (disk.flushed < disk.staged.length) world.wrong = 'a commit without durable bytes';
  if (upload.claim?.digest !== disk.staged) world.wrong = 'a wrong commit';
  names.placing = { at, before: names[at] };
  names[at] = disk.staged;
  world.commits = [...world.commits, disk.staged];
}

function forget(world: World, bounds: Bounds): void {
  const { server } = world;
  world.left.forgotten -= 1;
  forgetUpload(server.upload as NonNullable<typeof server.upload>);
  server.upload = undefined;
  if (bounds.journals) world.disk.journal = undefined;
  dropStaged(world);
}

/** What a peer cannot honestly send ends the connection. */
function fault(world: World, link: Link, bounds: Bounds): void {
  if (world.left.lies === bounds.left.lies) world.wrong = 'an honest client is taken for a broken one';
  lose(world, link, bounds);
}

function persist({ server, disk }: World, { journals }: Bounds): void {
  if (journals) disk.journal = server.upload?.journal;
}

function dropStaged({ disk }: World): void {
  disk.staged = '';
  disk.flushed = 0;
  disk.moved = undefined;
}

function succeed(world: World, link: Link, path: string): void {
  if (world.told !== undefined && world.told !== path) world.wrong = 'another RESULT than before';
  world.told = path;
  link.phase = 'over';
  say(link, 'R_SUCCESS', { kind: 'SUCCESS', path });
}

function fail(link: Link, code: string, effect: 'none' | 'unknown' | 'applied'): void {
  link.phase = 'over';
  link.waiting = [];
  say(link, 'R_FAILURE', { kind: 'FAILURE', code, effect });
}

function say(link: Link, event: 'R_SUCCESS' | 'R_FAILURE', frame: FrameDown): void {
  const next = stepOperation('upload', link.serverStream as OperationState, event);
  if (!link.server || next === undefined) return;
  link.serverStream = next;
  send(link, frame);
}

function send(link: Link, frame: FrameDown): void {
  if (!link.cut && link.client) link.down = [...link.down, frame];
}
