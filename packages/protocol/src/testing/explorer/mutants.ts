import type { Defect } from '../defect.js';
import { type Bounds, nothing, short } from './bounds.js';

/** A defect of the machines, and the counterexample that the explorer has to find when they have it. */
export interface ExplorerMutant extends Defect {
  readonly bounds: Bounds;
  readonly violation: string;
  /** Among the steps of the counterexample, in this order. */
  readonly steps: readonly (string | RegExp)[];
}

const DOUBLE = 'a double commit';
const WRONG = 'a wrong commit';
const DENIED = 'a failure without effect, told for a file that was committed';
const lost = 'the client loses the connection';
const published = 'the server goes on with the commit: publishing';

export const explorerMutants: readonly ExplorerMutant[] = [
  {
    name: 'no fence',
    file: 'machine/staged-upload.ts',
    find: 'return epoch < upload.epoch;',
    replace: 'return epoch < 0;',
    bounds: { ...short, name: '', source: 'ab', underWay: 3, left: { ...nothing, cuts: 1 } },
    violation: WRONG,
    // The old connection is half open: its END commits what the new one has staged so far.
    steps: [lost, 'the server accepts on connection 2', 'the server hears END on connection 1', published],
  },
  {
    name: 'an epoch that is not raised',
    file: 'machine/staged-upload.ts',
    find: 'epoch: upload.epoch + 1',
    replace: 'epoch: Math.max(1, upload.epoch)',
    bounds: { ...short, name: '', source: 'ab', underWay: 3, left: { ...nothing, cuts: 1 } },
    violation: WRONG,
    steps: [lost, 'the server accepts on connection 2', 'the server hears END on connection 1', published],
  },
  {
    name: 'no comparison of digests',
    file: 'machine/staged-upload.ts',
    find: "if (claimed.digest !== computed.digest) return refuse(upload, 'DIGEST_MISMATCH');",
    replace: '',
    bounds: { ...short, name: '', left: { ...nothing, corruptions: 1 } },
    violation: WRONG,
    steps: ['DATA is corrupted on connection 1', 'the server hears END on connection 1', published],
  },
  {
    name: 'no tombstone',
    file: 'machine/staged-upload.ts',
    find: "RECORDED: 'committed'",
    replace: "RECORDED: 'empty'",
    bounds: { ...short, name: '', left: { ...nothing, cuts: 1 } },
    violation: DOUBLE,
    steps: [published, lost, 'the server accepts on connection 2', published],
  },
  {
    name: 'no tombstone, and a policy that keeps what is there',
    file: 'machine/staged-upload.ts',
    find: "RECORDED: 'committed'",
    replace: "RECORDED: 'empty'",
    bounds: { ...short, name: '', policy: 'fail', left: { ...nothing, cuts: 1 } },
    violation: DENIED,
    steps: [published, lost, /effect none$/],
  },
  {
    name: 'a tombstone that is not on record',
    file: 'machine/staged-upload.ts',
    find: 'intent: undefined, tombstone } };',
    replace: 'intent: undefined, tombstone: undefined } };',
    bounds: { ...short, name: '', left: { ...nothing, crashes: 1 } },
    violation: 'a success told before it was on record',
    steps: [published, 'the client hears SUCCESS'],
  },
  {
    name: 'a file that is published before it is flushed',
    file: 'machine/staged-upload.ts',
    find: "END: 'flushing'",
    replace: "END: 'intending'",
    bounds: { ...short, name: '', left: nothing },
    violation: 'a commit without durable bytes',
    steps: ['the server hears END on connection 1', published],
  },
  {
    name: 'an intent that is not recorded',
    file: 'machine/staged-upload.ts',
    find: 'intent: claim, tombstone',
    replace: 'intent: undefined, tombstone',
    bounds: { ...short, name: '', left: { ...nothing, crashes: 1 } },
    violation: DOUBLE,
    steps: [published, /^the server crashes/, 'the server starts again', published],
  },
  {
    name: 'a tombstone that is told with an epoch that is not on record',
    file: 'machine/staged-upload.ts',
    find: 'upload.journal && { ...upload.journal, epoch }',
    replace: 'upload.journal',
    bounds: { ...short, name: '', attempts: 3, left: { ...nothing, cuts: 1, crashes: 1 } },
    violation: 'an honest server is taken for a broken one',
    steps: [
      'the server accepts on connection 2',
      /^the server crashes/,
      'the server accepts on connection 3',
    ],
  },
  {
    name: 'a commit of something else, told as no effect',
    file: 'machine/staged-upload.ts',
    find: "code: 'OPERATION_MISMATCH', effect: 'applied'",
    replace: "code: 'OPERATION_MISMATCH', effect: 'none'",
    bounds: { ...short, name: '', left: { ...nothing, cuts: 1, sourceChanges: 1 } },
    violation: DENIED,
    steps: [published, 'the source changes', 'the client hears OPERATION_MISMATCH, effect none'],
  },
  {
    name: 'a RESET after a commit, answered with no effect',
    file: 'machine/staged-upload.ts',
    find: "if (answer === 'replay') return 'applied';",
    replace: '',
    bounds: { ...short, name: '', left: { ...nothing, cuts: 1, resets: 1 } },
    violation: DENIED,
    steps: [published, 'the client sends RESET', 'the client hears CANCELLED, effect none'],
  },
  {
    name: 'a client that takes a lost END for nothing',
    file: 'machine/upload-attempts.ts',
    find: "effect: before === 'none' ? 'unknown' : before",
    replace: 'effect: before',
    bounds: { ...short, name: '', left: { ...nothing, cuts: 1 } },
    violation: DENIED,
    steps: ['the client sends END', lost, 'the client gives up'],
  },
  {
    name: 'a client that believes a server which has forgotten',
    file: 'machine/upload-attempts.ts',
    find: "return before === 'none' || remembered ? 'none' : before;",
    replace: "return 'none';",
    bounds: {
      ...short,
      name: '',
      policy: 'fail',
      left: { ...nothing, cuts: 1, forgotten: 1, otherWrites: 1 },
    },
    violation: DENIED,
    steps: [published, 'the server forgets the operation', 'the client hears ALREADY_EXISTS, effect none'],
  },
  {
    name: 'a client that goes on without comparing',
    file: 'machine/upload-attempts.ts',
    find: "if (!prefixIsOurs) return { attempts: next, refusal: 'SOURCE_CHANGED' };",
    replace: '',
    bounds: { ...short, name: '', server: 'lying', left: { ...nothing, lies: 2 } },
    violation: 'a success told although something else was there',
    steps: ['the server says ACCEPT', 'the client sends END', 'the client hears SUCCESS'],
  },
  {
    name: 'a client that takes a server which has forgotten for a liar',
    file: 'machine/upload-attempts.ts',
    find: 'if (offset > 0 && epoch <= attempts.epoch)',
    replace: 'if (epoch > 0 && epoch <= attempts.epoch)',
    bounds: { ...short, name: '', left: { ...nothing, cuts: 1, forgotten: 1 } },
    violation: 'an honest server is taken for a broken one',
    steps: ['the server forgets the operation', 'the client hears ACCEPT'],
  },
  {
    name: 'a recovery that looks for the name instead of what is staged',
    file: 'testing/explorer/server-moves.ts',
    find: 'recoverUpload(disk.journal, disk.moved)',
    replace: "recoverUpload(disk.journal, world.names.first === disk.staged ? 'first' : undefined)",
    bounds: { ...short, name: '', left: { ...nothing, crashes: 1, otherWrites: 1 } },
    violation: DOUBLE,
    steps: [published, 'somebody else puts a file under the name', 'the server starts again', published],
  },
];
