import { failUpload, recoverUpload, type UploadJournal } from '../../../machine/staged-upload.js';
import type { Move } from '../model.js';
import { supersede } from './answers.js';
import type { Bounds } from './bounds.js';
import { create, linksOf, rename, unlink } from './disk.js';
import { allLines, record } from './records.js';
import {
  type Line,
  lastLine,
  ownerOf,
  secondName,
  stagedName,
  type Upload,
  uploadOf,
  type World,
  witnessName,
} from './world.js';

/**
 * How a process finds out about K: for a stream, or because somebody who is dead has left something of it. In this
 * order, which is the fence:
 *
 *   announce   a name of its own first, so that of two who begin at the same time one sees the other
 *   take       the staged names of all others, by renaming them: nobody but us can link the file from now on; then their
 *              second names, from which they could still replace something
 *   judge      now that nothing can be published any more without us, read all journals, and look whether it was
 *   tidy       what the dead had, when what counts of it is on our own record
 */
export function* recallMoves(world: World, owner: number, bounds: Bounds): Generator<Move<World>> {
  const { upload } = ownerOf(world, owner);
  switch (upload?.recall) {
    case undefined:
      if (mayAdopt(world, owner)) {
        yield {
          name: `process ${owner} adopts what the dead have left`,
          fair: true,
          make: (to) => beginRecall(to, owner, false),
        };
      }
      return;
    case 'announce':
      yield {
        name: `process ${owner} makes a staged name of its own`,
        fair: true,
        make: (to) => announce(to, owner),
      };
      return;
    case 'take': {
      const next = nextToTake(world, owner);
      if (next === undefined) {
        yield {
          name: `process ${owner} reads the journals, and judges`,
          fair: true,
          make: (to) => judge(to, owner, bounds),
        };
      } else {
        yield {
          name: `process ${owner} takes the ${next.what} name of ${next.from}`,
          fair: true,
          make: (to) => take(to, owner, next),
        };
      }
      return;
    }
    case 'tidy':
      yield { name: `process ${owner} tidies up`, fair: true, make: (to) => tidy(to, owner) };
  }
}

export function beginRecall(world: World, owner: number, wanted: boolean): void {
  const inode = world.disk.names[stagedName(owner)];
  const foreign = ownerOf(world, owner).upload?.foreign ?? false;
  ownerOf(world, owner).upload = {
    staged: undefined,
    recall: wanted ? 'announce' : 'take',
    wanted,
    foreign: inode !== undefined && foreign,
    looked: 0,
    among: world.owners.length,
    read: [],
    inode,
    name: undefined,
    placed: false,
  };
}

/** What somebody who is dead has left, and that nobody looks after. */
function mayAdopt(world: World, owner: number): boolean {
  const { upload } = ownerOf(world, owner);
  const busy =
    upload?.staged !== undefined && !['empty', 'suspended', 'committed'].includes(upload.staged.state);
  const asked = world.streams.some((stream) => stream.owner === owner && stream.phase !== 'over');
  return !busy && !asked && world.owners.some(({ alive, gone }) => !alive && !gone);
}

function announce(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  if (world.disk.names[stagedName(owner)] === undefined) {
    world.disk = create(world.disk, stagedName(owner), 'upload');
    upload.inode = world.disk.names[stagedName(owner)];
  }
  upload.recall = 'take';
  upload.among = world.owners.length;
}

interface Taken {
  readonly at: number;
  readonly from: number;
  readonly what: 'staged' | 'second' | 'witness';
}

/** In this order. Staged names twice: whom we have taken one from may have got another from the dead behind our back. */
const KINDS = ['staged', 'staged', 'second', 'witness'] as const;

/**
 * What is to be taken next, from whom. Nobody is looked at again and again: who comes later sees us, and two who went on
 * looking could take it from each other for ever.
 */
function nextToTake(world: World, owner: number): Taken | undefined {
  const { wanted, inode, looked, among } = uploadOf(world, owner);
  const { names } = world.disk;
  for (let at = looked; at < KINDS.length * among; at += 1) {
    const from = at % among;
    if (from === owner) continue;
    const dead = !ownerOf(world, from).alive;
    const what = KINDS[Math.floor(at / among)] as Taken['what'];
    // The second name of a file that is ours now, also when its owner lives.
    const theirs =
      dead || (what === 'staged' ? wanted : what === 'second' && (wanted || inode !== undefined));
    if (theirs && names[nameOf[what](from)] !== undefined) return { at, from, what };
  }
  return undefined;
}

const nameOf = { staged: stagedName, second: secondName, witness: witnessName };

function take(world: World, owner: number, { at, from, what }: Taken): void {
  const upload = uploadOf(world, owner);
  upload.looked = at + 1;
  if (what !== 'staged') {
    world.disk = rename(world.disk, nameOf[what](from), nameOf[what](owner));
    return;
  }
  const found = world.disk.names[stagedName(from)] as number;
  const own = world.disk.names[stagedName(owner)];
  // Of two, one is but an announcement.
  if (own !== undefined && !isOnRecord(world, found)) {
    world.disk = unlink(world.disk, stagedName(from));
    return;
  }
  world.disk = rename(world.disk, stagedName(from), stagedName(owner));
  upload.inode = found;
  upload.foreign = ownerOf(world, from).alive;
}

const isOnRecord = (world: World, inode: number): boolean =>
  allLines(world).some((line) => line.inode === inode);

function judge(world: World, owner: number, bounds: Bounds): void {
  const upload = uploadOf(world, owner);
  const lines = allLines(world);
  upload.looked = 0;
  upload.among = 0;
  upload.read = world.owners.flatMap(({ alive, gone }, each) => (alive || gone ? [] : [each]));
  if (upload.read.length > 0 || world.disk.names[secondName(owner)] !== undefined) upload.recall = 'tidy';
  else upload.recall = undefined;
  if (lines.length === 0) return;
  const { journal, published, name, inode } = conclusion(world, upload, lines, bounds);
  upload.name = name;
  upload.inode = inode;
  upload.placed = published;
  let staged = recoverUpload(journal, published ? name : undefined);
  const { names, inodes } = world.disk;
  const own = names[stagedName(owner)];
  if (staged.state === 'suspended') {
    if (own !== undefined && (inodes[own]?.flushed.length ?? 0) < staged.durable)
      world.wrong = 'the journal counts bytes that did not survive';
    // Whoever has it open may still write to it: it must not become what we publish. Starting again makes a new file, and
    // nothing less is safe where nothing is proven: it may have gone through the hands of somebody who is dead now.
    const open = upload.foreign || isOpenElsewhere(world, owner);
    if (own === undefined || open || staged.durable === 0) staged = failUpload(staged, 'none');
  }
  upload.staged = staged;
  record(world, owner, staged.journal);
}

/** Whether somebody who lives has it on record. */
function isOpenElsewhere(world: World, owner: number): boolean {
  const { inode } = uploadOf(world, owner);
  return world.owners.some((it, each) => each !== owner && it.alive && lastLine(it)?.inode === inode);
}

interface Conclusion {
  readonly journal: UploadJournal<string>;
  readonly published: boolean;
  readonly name: string | undefined;
  readonly inode: number | undefined;
}

/** What follows from all that is on record, and from the file. */
function conclusion(world: World, { inode }: Upload, lines: readonly Line[], bounds: Bounds): Conclusion {
  const epoch = Math.max(...lines.map(({ journal }) => journal.epoch));
  const committed = lines.find(({ journal }) => journal.tombstone !== undefined);
  if (committed !== undefined)
    return { ...committed, journal: { ...committed.journal, epoch }, published: false };
  // Each intent is about a file of its own, which need not be the one that is staged now.
  const published = lines.find((line) => isPublished(world, line, bounds));
  const durable = published ?? lines.find((line) => line.inode !== undefined && line.inode === inode);
  return {
    journal: {
      request: (lines[0] as Line).journal.request,
      epoch,
      durable: durable?.journal.durable ?? 0,
      // What was not published is intended no more.
      intent: published?.journal.intent,
      tombstone: undefined,
    },
    published: published !== undefined,
    name: published?.name,
    inode: published === undefined ? inode : published.inode,
  };
}

/** Whether the file that was intended for a name has got it, as can be seen from the file. */
function isPublished(world: World, { journal, name, inode }: Line, { links }: Bounds): boolean {
  const { disk } = world;
  if (journal.intent === undefined) return false;
  const own = Object.keys(disk.names).filter(
    (each) => disk.names[each] === inode && (each.endsWith('/K') || each.endsWith('/S')),
  );
  // It was moved to its name: it is staged nowhere.
  if (!links) return own.length === 0;
  // A power cut can take the staged name away, when its folder was not flushed.
  const others = [name ?? '', ...world.owners.map((_, owner) => witnessName(owner))];
  if (own.length === 0) return others.some((each) => disk.names[each] === inode);
  return linksOf(disk, inode as number) > own.length;
}

function tidy(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  world.disk = unlink(world.disk, secondName(owner));
  for (const each of upload.read) removeFolder(world, each);
  upload.read = [];
  upload.recall = undefined;
  const empty = upload.staged === undefined || upload.staged.state === 'empty';
  const nothing = empty && world.disk.names[stagedName(owner)] === undefined;
  if (!nothing) return;
  // Somebody has taken our announcement, so he is the later one.
  if (upload.wanted) supersede(world, owner, 'asked');
  ownerOf(world, owner).upload = undefined;
}

/** Of somebody who is dead, when nothing of K is in it. */
function removeFolder(world: World, owner: number): void {
  const { names } = world.disk;
  if ([stagedName(owner), secondName(owner), witnessName(owner)].some((name) => names[name] !== undefined))
    return;
  const it = ownerOf(world, owner);
  it.gone = true;
  it.line = undefined;
}
