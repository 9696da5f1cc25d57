import {
  failUpload,
  flushedUpload,
  forgetUpload,
  intendedUpload,
  publishedUpload,
  recordedUpload,
} from '../../../machine/staged-upload.js';
import type { Move } from '../model.js';
import { end, supersede } from './answers.js';
import type { Bounds } from './bounds.js';
import { claimFile, flushFile, flushFolder, link, rename, unlink } from './disk.js';
import { isPublished } from './recall.js';
import { allLines, record } from './records.js';
import { drop, startAnew } from './staged-names.js';
import {
  type Answer,
  lastLine,
  ownerOf,
  secondName,
  stagedName,
  stagedOf,
  uploadOf,
  type World,
  witnessName,
} from './world.js';

/** The steps of a commit, one by one, and what is done when there is time. */
export function* commitMoves(world: World, owner: number, bounds: Bounds): Generator<Move<World>> {
  const { upload } = ownerOf(world, owner);
  const own = world.disk.names[stagedName(owner)];
  const move = (what: string, make: (to: World) => void): Move<World> => ({
    name: `process ${owner} ${what}`,
    fair: true,
    make,
  });
  const witness = world.disk.names[witnessName(owner)];
  if (witness !== undefined && !isNeeded(world, witness))
    yield move('removes its witness', (to) => {
      to.disk = unlink(to.disk, witnessName(owner));
    });
  if (upload === undefined || upload.recall !== undefined) return;
  switch (upload.staged?.state) {
    case 'flushing':
      yield move('flushes the bytes', (to) => flush(to, owner));
      return;
    case 'intending':
      yield move('records the intent', (to) => intend(to, owner, bounds));
      return;
    case 'publishing':
      if (upload.placed) yield move('flushes the folder', (to) => confirm(to, owner));
      else if (!upload.checked) yield move('looks at what others intend', (to) => check(to, owner));
      else if (hasTurn(world, owner)) yield move('publishes', (to) => place(to, owner, bounds));
      return;
    case 'recording':
      // Found by recovery: nobody knows whether the folder was flushed.
      if (upload.placed) yield move('flushes the folder', (to) => flushServed(to, owner));
      else yield move('records the tombstone', (to) => conclude(to, owner));
      return;
    case 'committed':
      if (own !== undefined) yield move('cleans up', (to) => drop(to, owner));
      return;
    default: {
      const served = world.streams.some((stream) => stream.owner === owner && stream.phase !== 'over');
      const expired = world.client.over || own === undefined || upload.staged === undefined;
      if (!served && expired) yield move('forgets the upload', (to) => expire(to, owner));
    }
  }
}

/** A witness is, as long as somebody may have to find out whether that file was published. */
function isNeeded(world: World, inode: number): boolean {
  return allLines(world).some((line) => line.journal.intent !== undefined && line.inode === inode);
}

/** Within one process those who look at a name and then act on it take turns. */
function hasTurn(world: World, owner: number): boolean {
  const { other } = world;
  return other.state !== 'looked' || other.owner !== owner;
}

function flush(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  world.disk = flushFile(world.disk, upload.inode as number);
  upload.staged = flushedUpload(stagedOf(world, owner));
  record(world, owner, upload.staged.journal);
}

function intend(world: World, owner: number, { policy }: Bounds): void {
  const upload = uploadOf(world, owner);
  upload.name = policy === 'rename' && world.disk.names['N'] !== undefined ? 'M' : 'N';
  upload.staged = intendedUpload(stagedOf(world, owner));
  upload.checked = false;
  record(world, owner, upload.staged.journal);
}

/** Each puts its own intent on record, then looks at those of others: so of two, one at least sees the other, and gives way. */
function check(world: World, owner: number): void {
  if (world.owners.some((_, other) => other !== owner && isRival(world, other)))
    return fail(world, owner, { ok: false, code: 'BUSY', effect: 'unknown' });
  uploadOf(world, owner).checked = true;
}

/** Whether somebody has published K, or still can. */
function isRival(world: World, other: number): boolean {
  const it = ownerOf(world, other);
  const line = it.gone ? undefined : lastLine(it);
  if (line === undefined) return false;
  if (line.journal.tombstone !== undefined) return true;
  if (line.journal.intent === undefined) return false;
  const { names } = world.disk;
  const staged = it.alive && [stagedName(other), secondName(other)].some((name) => names[name] !== undefined);
  return staged || isPublished(world, line);
}

/** One system call towards the name. */
function place(world: World, owner: number, bounds: Bounds): void {
  const { disk } = world;
  const { names } = disk;
  const upload = uploadOf(world, owner);
  const name = upload.name as string;
  const inode = upload.inode as number;
  const there = names[name];
  const own = names[stagedName(owner)];
  const second = names[secondName(owner)];
  if (second === inode) return publish(world, owner, bounds, rename(disk, secondName(owner), name));
  // The name by which it would be linked is gone: somebody has taken it over.
  if (own !== inode) {
    fail(world, owner, { ok: false, code: 'SUPERSEDED', effect: 'unknown' });
    return supersede(world, owner, 'opening');
  }
  if (!bounds.links && (there === undefined || bounds.policy === 'overwrite'))
    return publish(world, owner, bounds, rename(disk, stagedName(owner), name));
  if (there === undefined) return publish(world, owner, bounds, link(disk, inode, name));
  if (bounds.policy === 'overwrite') {
    world.disk = link(disk, inode, secondName(owner));
    return;
  }
  const { bytes } = disk.inodes[there] as (typeof disk.inodes)[number];
  if (bytes === stagedOf(world, owner).claim?.digest) {
    world.disk = flushFile(disk, there); // the same content is there: as good as ours
    upload.placed = true;
    return;
  }
  if (bounds.policy === 'rename' && name === 'N') {
    upload.name = 'M';
    upload.checked = false;
    record(world, owner, upload.staged?.journal);
    return;
  }
  fail(world, owner, { ok: false, code: 'ALREADY_EXISTS', effect: 'none' });
}

function publish(world: World, owner: number, { policy }: Bounds, disk: World['disk']): void {
  const upload = uploadOf(world, owner);
  const inode = upload.inode as number;
  const replaced = world.disk.names[upload.name as string];
  if (replaced !== undefined && policy !== 'overwrite')
    world.wrong = 'a file that is replaced against the policy';
  world.publications += 1;
  if (world.publications > 1 && !world.excused) world.wrong = 'a double commit';
  if (world.publications > 1 && world.client.attempts.state === 'done')
    world.wrong = 'a commit after the success was told';
  world.disk = claimFile(disk, inode, stagedOf(world, owner).claim?.digest ?? '');
  upload.placed = true;
  world.taken = false;
}

function confirm(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  flushServed(world, owner);
  upload.staged = publishedUpload(stagedOf(world, owner), upload.name as string);
}

function flushServed(world: World, owner: number): void {
  world.disk = flushFolder(world.disk, '');
  uploadOf(world, owner).placed = false;
}

function conclude(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  upload.staged = recordedUpload(stagedOf(world, owner));
  record(world, owner, upload.staged.journal);
  const path = upload.staged.result as string;
  answer(world, owner, { ok: true, path });
}

/** Those that wait for the commit. */
function answer(world: World, owner: number, with_: Answer): void {
  for (const stream of world.streams)
    if (stream.owner === owner && stream.phase === 'committing') end(world, stream, with_);
}

function fail(world: World, owner: number, with_: Answer & { ok: false }): void {
  const upload = uploadOf(world, owner);
  upload.staged = failUpload(stagedOf(world, owner), with_.effect === 'unknown' ? 'none' : with_.effect);
  record(world, owner, upload.staged.journal);
  answer(world, owner, with_);
  const awaited = world.streams.some((each) => each.owner === owner && each.phase === 'opening');
  // Who waited goes on from nothing; the name stays, for others to see.
  if (awaited && with_.code !== 'SUPERSEDED') startAnew(world, owner);
  else {
    drop(world, owner);
    // Whoever comes next asks all others first.
    upload.wanted = false;
  }
}

function expire(world: World, owner: number): void {
  const { staged } = uploadOf(world, owner);
  if (staged !== undefined) {
    const { state } = staged;
    const forgotten = state === 'empty' || state === 'suspended' ? forgetUpload(staged) : staged;
    record(world, owner, forgotten.journal);
  }
  drop(world, owner);
  ownerOf(world, owner).upload = undefined;
}
