import { failUpload, recoverUpload, type UploadJournal } from '../../../machine/staged-upload.js';
import type { Move } from '../model.js';
import { rename, unlink } from './disk.js';
import { allLines, record } from './records.js';
import {
  type Line,
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
 *   take       the staged names of all others, by renaming them: nobody but us can link the file from now on; then their
 *              second names, from which they could still replace something
 *   judge      now that nothing can be published any more without us, read all journals, and look whether it was
 *   tidy       what the dead had, when what counts of it is on our own record
 */
export function* recallMoves(world: World, owner: number): Generator<Move<World>> {
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
    case 'take': {
      const next = nextToTake(world, owner);
      if (next === undefined) {
        yield {
          name: `process ${owner} reads the journals, and judges`,
          fair: true,
          make: (to) => judge(to, owner),
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
  ownerOf(world, owner).upload = {
    staged: undefined,
    recall: 'take',
    wanted,
    foreign: false,
    checked: false,
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

interface Taken {
  readonly at: number;
  readonly from: number;
  readonly what: 'staged' | 'second' | 'witness';
}

/** In this order: without the first, the second cannot be made any more. */
const KINDS = ['staged', 'second', 'witness'] as const;

/** What is to be taken next, from whom: from the living only what a stream asks for. Nobody is looked at again. */
function nextToTake(world: World, owner: number): Taken | undefined {
  const { wanted, looked, among } = uploadOf(world, owner);
  const { names } = world.disk;
  for (let at = looked; at < KINDS.length * among; at += 1) {
    const from = at % among;
    if (from === owner) continue;
    const what = KINDS[Math.floor(at / among)] as Taken['what'];
    const theirs = !ownerOf(world, from).alive || (wanted && what !== 'witness');
    if (theirs && names[nameOf[what](from)] !== undefined) return { at, from, what };
  }
  return undefined;
}

const nameOf = { staged: stagedName, second: secondName, witness: witnessName };

function take(world: World, owner: number, { at, from, what }: Taken): void {
  const upload = uploadOf(world, owner);
  upload.looked = at + 1;
  if (what === 'second') {
    world.disk = unlink(world.disk, secondName(from));
    return;
  }
  if (what === 'witness') {
    world.disk = rename(world.disk, witnessName(from), witnessName(owner));
    return;
  }
  // Who lives may still write to it.
  if (ownerOf(world, from).alive) {
    world.disk = unlink(world.disk, stagedName(from));
    upload.foreign = true;
    return;
  }
  world.disk = rename(world.disk, stagedName(from), stagedName(owner));
  upload.inode = world.disk.names[stagedName(owner)];
}

function judge(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  const lines = allLines(world);
  upload.looked = 0;
  upload.among = 0;
  upload.read = world.owners.flatMap(({ alive, gone }, each) => (alive || gone ? [] : [each]));
  upload.recall = upload.read.length > 0 ? 'tidy' : undefined;
  if (lines.length === 0) return;
  const { journal, published, name, inode } = conclusion(world, upload, lines);
  upload.name = name;
  upload.inode = inode;
  upload.placed = published;
  let staged = recoverUpload(journal, published ? name : undefined);
  const { names, inodes } = world.disk;
  const own = names[stagedName(owner)];
  if (staged.state === 'suspended') {
    if (own !== undefined && (inodes[own]?.flushed.length ?? 0) < staged.durable)
      world.wrong = 'the journal counts bytes that did not survive';
    // Starting again makes a new file.
    if (own === undefined || upload.foreign || staged.durable === 0) staged = failUpload(staged, 'none');
  }
  upload.staged = staged;
  record(world, owner, staged.journal);
}

interface Conclusion {
  readonly journal: UploadJournal<string>;
  readonly published: boolean;
  readonly name: string | undefined;
  readonly inode: number | undefined;
}

/** What follows from all that is on record, and from the file. */
function conclusion(world: World, { inode }: Upload, lines: readonly Line[]): Conclusion {
  const epoch = Math.max(...lines.map(({ journal }) => journal.epoch));
  const committed = lines.find(({ journal }) => journal.tombstone !== undefined);
  if (committed !== undefined)
    return { ...committed, journal: { ...committed.journal, epoch }, published: false };
  // Each intent is about a file of its own, which need not be the one that is staged now.
  const published = lines.find((line) => isPublished(world, line));
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

/** Whether the file that was intended for a name can be seen under it, or somebody has seen it there: that it is missing proves nothing. */
export function isPublished({ disk, owners }: World, { journal, name, inode }: Line): boolean {
  if (journal.intent === undefined || inode === undefined) return false;
  const places = [name ?? '', ...owners.map((_, owner) => witnessName(owner))];
  return places.some((each) => disk.names[each] === inode);
}

function tidy(world: World, owner: number): void {
  const upload = uploadOf(world, owner);
  for (const each of upload.read) removeFolder(world, each);
  upload.read = [];
  upload.recall = undefined;
  const empty = upload.staged === undefined || upload.staged.state === 'empty';
  if (empty && !upload.wanted && world.disk.names[stagedName(owner)] === undefined)
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
