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
const OTHERS = 'testing/explorer/journal/others.ts';
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
    name: 'a recovery that reads no journal but its own',
    file: RECALL,
    find: 'const lines = allLines(world);',
    replace: 'const lines = allLines({ ...world, owners: [ownerOf(world, owner)] });',
    bounds: { ...one, name: '', left: happens({ kills: 1 }) },
    violation: DOUBLE,
    steps: [publishes, killed, publishes],
  },
  {
    name: 'an intent on record without a look at those of others',
    file: COMMIT,
    find: 'if (world.owners.some((_, other) => other !== owner && isRival(world, other)))',
    replace: "if (world.wrong === 'never')",
    bounds: { ...two, name: '', left: happens({ cuts: 1 }) },
    violation: DOUBLE,
    steps: [/loses the connection$/, publishes, publishes],
  },
  {
    name: 'a recovery that takes what is missing for published',
    file: RECALL,
    find: 'const places = [',
    replace:
      'if (!Object.entries(disk.names).some(([each, file]) => /[KS]$/.test(each) && file === inode)) return true;\n  const places = [',
    bounds: { ...two, name: '', left: happens({ cuts: 1 }) },
    violation: LOST,
    steps: [/records the intent$/, /takes the staged name/, /reads the journals/],
  },
  {
    name: 'a look at what others have committed, and not at what they intend',
    file: COMMIT,
    find: 'if (line.journal.intent === undefined) return false;',
    replace: 'if (line.journal.tombstone === undefined) return false;',
    bounds: { ...two, name: '', left: happens({ cuts: 1 }) },
    violation: DOUBLE,
    steps: [/loses the connection$/, publishes, publishes],
  },
  {
    name: 'replacing what somebody has just published without leaving a trace',
    file: OTHERS,
    find: '!isIntended(world, seen)',
    replace: 'seen >= 0',
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
  {
    name: 'a trace that nobody looks for',
    file: RECALL,
    find: "const places = [name ?? '', ...owners.map((_, owner) => witnessName(owner))];",
    replace: "const places = [name ?? '', ...owners.slice(9).map((_, owner) => witnessName(owner))];",
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
  {
    name: 'a trace that goes with whoever has left it',
    file: RECALL,
    find: 'world.disk = rename(world.disk, witnessName(from), witnessName(owner));',
    replace: 'world.disk = unlink(world.disk, witnessName(from));',
    bounds: { ...one, name: '', left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, killed, publishes],
  },
  {
    name: 'replacing what cannot leave a trace',
    file: OTHERS,
    find: "else other.state = 'none';",
    replace: '',
    bounds: { ...one, name: '', links: false, left: happens({ kills: 1, otherUploads: 1 }) },
    violation: DOUBLE,
    steps: [publishes, replaced, publishes],
  },
];
