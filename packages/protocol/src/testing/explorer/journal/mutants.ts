import type { Defect } from '../../defect.js';
import { type Bounds, happens, one, two } from './bounds.js';

/** A defect of the commit, and the counterexample that the explorer has to find when it is there. */
export interface JournalMutant extends Defect {
  readonly bounds: Bounds;
  readonly violation: string;
  /** Among the steps of the counterexample, in this order. */
  readonly steps: readonly RegExp[];
}

const DOUBLE = 'a double commit';
const UNVERIFIED = 'a name with something that was never verified';
const LOST = 'an acknowledged file that can be lost';
const UNRECORDED = 'a success told before it was on record';
const publishes = /publishes$/;
const killed = /is killed$/;
const powerCut = /^the power is cut/;
const replaced = /^the other upload is published/;
const told = /hears the success$/;

const COMMIT = 'testing/explorer/journal/commit.ts';
const RECALL = 'testing/explorer/journal/recall.ts';
const RECORDS = 'testing/explorer/journal/records.ts';

/** Each is a rule of the commit that somebody might think can be left out. */
export const journalMutants: readonly JournalMutant[] = [
  {
    name: 'bytes that are not flushed before the intent',
    file: COMMIT,
    find: 'world.disk = flushFile(world.disk, upload.inode as number);',
    replace: '',
    bounds: { ...one, name: '', left: happens({ powerCuts: 1 }) },
    violation: UNVERIFIED,
    steps: [publishes, powerCut],
  },
  {
    name: 'a commit without an intent',
    file: 'machine/staged-upload.ts',
    find: 'intent: claim, tombstone',
    replace: 'intent: undefined, tombstone',
    bounds: { ...one, name: '', left: happens({ kills: 1 }) },
    violation: DOUBLE,
    steps: [publishes, killed, /reads the journals/, publishes],
  },
  {
    name: 'a staged name that is removed before the commit is on record',
    file: COMMIT,
    find: 'world.taken = false;',
    replace: 'world.taken = false; world.disk = unlink(world.disk, stagedName(owner));',
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
  {
    name: 'a RESULT before the tombstone',
    file: COMMIT,
    find: 'upload.staged = publishedUpload(stagedOf(world, owner), upload.name as string);',
    replace:
      'upload.staged = publishedUpload(stagedOf(world, owner), upload.name as string); answer(world, owner, { ok: true, path: upload.name as string });',
    bounds: { ...one, name: '', left: happens({}) },
    violation: UNRECORDED,
    steps: [publishes, told],
  },
  {
    name: 'a tombstone that is not flushed',
    file: RECORDS,
    find: 'append(world, owner, journal);\n  flushJournal(world, owner);',
    replace:
      'append(world, owner, journal);\n  if (journal.tombstone === undefined) flushJournal(world, owner);',
    bounds: { ...one, name: '', left: happens({ powerCuts: 1 }) },
    violation: UNRECORDED,
    steps: [publishes, /records the tombstone$/, told],
  },
  {
    name: 'a folder that is not flushed',
    file: COMMIT,
    find: "world.disk = flushFolder(world.disk, '');",
    replace: '',
    bounds: { ...one, name: '', left: happens({ powerCuts: 1 }) },
    violation: LOST,
    steps: [publishes, told],
  },
  {
    name: 'a recovery that goes by the name alone',
    file: RECALL,
    find: 'return linksOf(disk, inode as number) > own.length;',
    replace: "return disk.names[name ?? ''] === inode;",
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
  {
    name: 'a recovery that reads no journal but its own',
    file: RECALL,
    find: 'const lines = allLines(world);',
    replace: 'const lines = allLines({ ...world, owners: [ownerOf(world, owner)] });',
    bounds: { ...one, name: '', left: happens({ kills: 1 }) },
    violation: DOUBLE,
    steps: [publishes, killed, publishes],
  },
  {
    name: 'taking over by copying',
    file: RECALL,
    find: 'world.disk = rename(world.disk, stagedName(from), stagedName(owner));\n  upload.inode = found;',
    replace:
      "world.disk = create(world.disk, stagedName(owner), 'upload', world.disk.inodes[found]?.bytes); upload.inode = world.disk.names[stagedName(owner)];",
    bounds: { ...two, name: '', left: happens({ cuts: 1 }) },
    violation: DOUBLE,
    steps: [/takes the staged name/, publishes, publishes],
  },
  {
    name: 'taking over from nobody who lives',
    file: RECALL,
    find: "dead || (what === 'staged' ? wanted : ",
    replace: "dead || (what === 'staged' ? false : ",
    bounds: { ...two, name: '', left: happens({ cuts: 1 }) },
    violation: DOUBLE,
    steps: [/loses the connection$/, publishes, publishes],
  },
  {
    name: 'taking over without the second name',
    file: RECALL,
    find: "what === 'second' && (wanted || inode !== undefined)",
    replace: 'false',
    bounds: { ...two, name: '', occupied: true, left: happens({ cuts: 1 }) },
    violation: DOUBLE,
    steps: [publishes, /takes the staged name/, publishes, publishes],
  },
  {
    name: 'starting again in a file that somebody else may still write to',
    file: 'testing/explorer/journal/staged-names.ts',
    find: "world.disk = create(world.disk, stagedName(owner), 'upload');",
    replace: '',
    bounds: { ...two, name: '', contents: ['b', 'a'], left: happens({ cuts: 1 }) },
    violation: UNVERIFIED,
    steps: [/takes the staged name/, /hears the rest on stream 2/, /hears the rest on stream 1/, publishes],
  },
  {
    name: 'a staged name that is not durable before the intent',
    file: COMMIT,
    find: 'world.disk = flushFolder(world.disk, `',
    replace: 'flushFolder(world.disk, `',
    bounds: { ...one, name: '', occupied: true, left: happens({ powerCuts: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, powerCut, replaced, publishes],
  },
  {
    name: 'replacing what somebody has staged without leaving a trace',
    file: 'testing/explorer/journal/others.ts',
    find: 'linksOf(disk, seen) > 1',
    replace: 'linksOf(disk, seen) > 9',
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
  {
    name: 'moving the staged file itself where a rename can tear',
    file: 'testing/explorer/journal/disk.ts',
    find: 'disk.tears ?',
    replace: 'edits.length > 1 ?',
    bounds: { ...one, name: '', links: false, left: happens({ powerCuts: 1 }) },
    violation: LOST,
    steps: [publishes, powerCut, told],
  },
];
