import type { Code } from '../codes.js';
import type { Effect } from '../errors.js';
import { step, type TransitionTable } from './table.js';

/**
 * What a server remembers of one upload operation, across streams, connections and crashes. PROTOCOL.md, "Resuming".
 *
 *   empty        nothing is staged: at first, after a failure, after RESET. The epoch stays, so that late streams stay out
 *   staging      the stream of the newest epoch writes
 *   suspended    that stream was lost; what it wrote is kept
 *   flushing     END came, length and digest are right; the bytes are being made durable
 *   intending    what is about to be published is being recorded
 *   publishing   recorded: from here on a crash leaves it open whether it was published, so recovery has to look
 *   recording    published, durable under its name; that this is so is being recorded
 *   committed    recorded: this is the tombstone, and the RESULT may be told, now and to every retry
 *   forgotten    the server knows nothing of the operation, like one that never heard of it
 *
 * Why the commit has so many steps: between any two of them the server can crash. Bytes before intent, or what is
 * published after a crash could have holes; intent before publication, or a retry could publish twice; tombstone before
 * RESULT, or a retry could not be told the same RESULT.
 */
export const stagedUploadStates = [
  'empty',
  'staging',
  'suspended',
  'flushing',
  'intending',
  'publishing',
  'recording',
  'committed',
  'forgotten',
] as const;
export type StagedUploadState = (typeof stagedUploadStates)[number];

export const stagedUploadEvents = [
  /** OPEN without an offset: from the beginning. */
  'START',
  /** OPEN with an offset: from where this end says. */
  'RESUME',
  /** The stream of the newest epoch is told where to go on. */
  'ACCEPT',
  'WRITE',
  'SYNC',
  /** END with the right length and digest. */
  'END',
  'FLUSHED',
  'INTENDED',
  'PUBLISHED',
  'RECORDED',
  /** It could not be stored, or END was wrong. */
  'FAIL',
  /** The client gave it up for good. */
  'RESET',
  /** The connection ended. */
  'LOSE',
  /** Time is up, or there is no room to remember it. */
  'FORGET',
] as const;
export type StagedUploadEvent = (typeof stagedUploadEvents)[number];

/** Whoever asks while the commit runs waits for how it ends, and nothing stops it any more. */
const COMMITTING = ['START', 'RESUME', 'RESET', 'LOSE'] as const;
const staying = <S extends StagedUploadState>(state: S) =>
  Object.fromEntries(COMMITTING.map((event) => [event, state])) as Record<(typeof COMMITTING)[number], S>;

export const stagedUploadTable: TransitionTable<StagedUploadState, StagedUploadEvent> = {
  empty: {
    START: 'empty',
    RESUME: 'empty',
    ACCEPT: 'staging',
    FAIL: 'empty',
    RESET: 'empty',
    LOSE: 'empty',
    FORGET: 'forgotten',
  },
  staging: {
    START: 'empty',
    RESUME: 'suspended',
    WRITE: 'staging',
    SYNC: 'staging',
    END: 'flushing',
    FAIL: 'empty',
    RESET: 'empty',
    LOSE: 'suspended',
  },
  suspended: {
    START: 'empty',
    RESUME: 'suspended',
    SYNC: 'suspended',
    ACCEPT: 'staging',
    FAIL: 'empty',
    RESET: 'empty',
    LOSE: 'suspended',
    FORGET: 'forgotten',
  },
  flushing: { FLUSHED: 'intending', FAIL: 'empty', ...staying('flushing') },
  intending: { INTENDED: 'publishing', FAIL: 'empty', ...staying('intending') },
  publishing: { PUBLISHED: 'recording', FAIL: 'empty', ...staying('publishing') },
  recording: { RECORDED: 'committed', ...staying('recording') },
  committed: {
    ACCEPT: 'committed',
    WRITE: 'committed',
    SYNC: 'committed',
    END: 'committed',
    FORGET: 'forgotten',
    ...staying('committed'),
  },
  forgotten: {},
};

/** What END says of a file. */
export interface Claim {
  /** Bytes. */
  readonly length: number;
  /** The tree digest, in any one notation. */
  readonly digest: string;
}

/** What of an upload is on disk, to be found after a crash. `R`: what RESULT tells of a success. */
export interface UploadJournal<R> {
  readonly request: string;
  readonly epoch: number;
  /** So many bytes are staged and survive. */
  readonly durable: number;
  /** What was about to be published. */
  readonly intent: Claim | undefined;
  readonly tombstone: { readonly claim: Claim; readonly result: R } | undefined;
}

export interface StagedUpload<R> {
  readonly state: StagedUploadState;
  /** What OPEN asked for, in any one notation: the same on every retry. */
  readonly request: string;
  /** Counts the OPENs of this operation. Each fences the streams of those before. */
  readonly epoch: number;
  /** Bytes staged. */
  readonly written: number;
  /** Bytes staged that survive a crash. */
  readonly durable: number;
  /** Since END. */
  readonly claim: Claim | undefined;
  /** Since it was published. */
  readonly result: R | undefined;
  /** What attempts that failed may have changed. */
  readonly effect: Effect;
  /** Has to be on disk before anybody is told of this step; undefined when nothing needs to be. */
  readonly journal: UploadJournal<R> | undefined;
}

/** What RESULT says to a stream that is refused. */
interface Refusal {
  readonly code: Code;
  readonly effect: Effect;
}

export interface Stepped<R> {
  readonly upload: StagedUpload<R>;
  readonly refusal?: Refusal | undefined;
}

const SUPERSEDED: Refusal = { code: 'SUPERSEDED', effect: 'unknown' };

/**
 * What becomes of an OPEN.
 *
 *   start      from offset 0; what was staged is to be dropped
 *   go on      what was staged is to be made durable; `accept` says how much of it can be used
 *   wait       a commit is under way: when it has ended, `answerTo` says what follows
 *   replay     it was committed: DATA is dropped, and END with the same length and digest is answered with the same RESULT
 *   mismatch   the id was used for something else
 */
export type OpenAnswer = 'start' | 'go on' | 'wait' | 'replay' | 'mismatch';

/** Takes an OPEN with this operation id. `offset`: what it asks for. A new epoch begins unless it is a mismatch. */
export function openUpload<R>(
  known: StagedUpload<R> | undefined,
  { request, offset }: { readonly request: string; readonly offset: number },
): { readonly upload: StagedUpload<R>; readonly answer: OpenAnswer } {
  const upload = known === undefined || known.state === 'forgotten' ? unheardOf<R>(request) : known;
  if (upload.request !== request) return { upload, answer: 'mismatch' };
  const answer = answerTo(upload, offset);
  const next = { ...upload, epoch: upload.epoch + 1 };
  if (answer === 'go on') return { upload: move(next, 'RESUME'), answer };
  if (answer === 'start') return { upload: nothingStaged(move(next, 'START')), answer };
  return { upload: move(next, offset > 0 ? 'RESUME' : 'START'), answer };
}

/** What an OPEN that asked for `offset` gets in this state. */
export function answerTo<R>({ state }: StagedUpload<R>, offset: number): OpenAnswer {
  switch (state) {
    case 'committed':
      return 'replay';
    case 'flushing':
    case 'intending':
    case 'publishing':
    case 'recording':
      return 'wait';
    case 'staging':
    case 'suspended':
      return offset > 0 ? 'go on' : 'start';
    case 'empty':
    case 'forgotten':
      return 'start';
  }
}

/** Whether a newer OPEN has taken over from that of `epoch`. */
export function isFenced<R>(upload: StagedUpload<R>, epoch: number): boolean {
  return epoch < upload.epoch;
}

/**
 * Lets the stream of `epoch` go on. What is staged has been made durable (`syncUpload`).
 * @param asked the offset of OPEN.
 * @param block bytes of one block: what is kept ends between two of them, since a part of one has no digest.
 * @returns `offset`: where the stream goes on. What is staged beyond it is to be cut off, once the journal is on disk.
 */
export function acceptUpload<R>(
  upload: StagedUpload<R>,
  epoch: number,
  asked: number,
  block: number,
): Stepped<R> & { readonly offset: number } {
  if (isFenced(upload, epoch)) return { upload, offset: 0, refusal: SUPERSEDED };
  if (upload.state === 'committed') {
    const whole = upload.claim?.length === asked;
    // Who is told this epoch must never be told it again.
    const journal = upload.journal && { ...upload.journal, epoch };
    return { upload: { ...move(upload, 'ACCEPT'), journal }, offset: whole ? asked : 0 };
  }
  const usable = upload.durable - (upload.durable % block);
  const offset = usable <= asked ? usable : 0;
  const { request } = upload;
  // The first epoch needs no journal: should it be lost, the operation is a new one, with nothing staged.
  const journal =
    epoch === 1 ? undefined : { request, epoch, durable: offset, intent: undefined, tombstone: undefined };
  return { upload: { ...move(upload, 'ACCEPT'), written: offset, durable: offset, journal }, offset };
}

/** The stream of `epoch` has `count` bytes to stage. What is refused must not be written. */
export function writeUpload<R>(upload: StagedUpload<R>, epoch: number, count: number): Stepped<R> {
  if (isFenced(upload, epoch)) return { upload, refusal: SUPERSEDED };
  const next = move(upload, 'WRITE');
  return { upload: next.state === 'committed' ? next : { ...next, written: upload.written + count } };
}

/** So many bytes of what is staged are durable. */
export function syncUpload<R>(upload: StagedUpload<R>, durable: number): StagedUpload<R> {
  const next = move(upload, 'SYNC');
  if (next.state === 'committed') return next;
  const { request, epoch } = upload;
  const journal = { request, epoch, durable, intent: undefined, tombstone: undefined };
  return { ...next, durable, journal };
}

/**
 * The stream of `epoch` says that this is the whole file.
 * @param computed what this end has found out about the bytes that came.
 */
export function endUpload<R>(
  upload: StagedUpload<R>,
  epoch: number,
  claimed: Claim,
  computed: Claim,
): Stepped<R> {
  if (isFenced(upload, epoch)) return { upload, refusal: SUPERSEDED };
  if (upload.state === 'committed') {
    if (sameFile(upload.claim, claimed)) return { upload: move(upload, 'END') };
    // Something has been committed under this id, though not this: who is told must not take it for nothing.
    return { upload: move(upload, 'END'), refusal: { code: 'OPERATION_MISMATCH', effect: 'applied' } };
  }
  if (claimed.length !== computed.length) return refuse(upload, 'LENGTH_MISMATCH');
  if (claimed.digest !== computed.digest) return refuse(upload, 'DIGEST_MISMATCH');
  return { upload: { ...move(upload, 'END'), claim: claimed } };
}

/** Everything staged is durable. */
export function flushedUpload<R>(upload: StagedUpload<R>): StagedUpload<R> {
  const { request, epoch, written } = upload;
  const journal = { request, epoch, durable: written, intent: undefined, tombstone: undefined };
  return { ...move(upload, 'FLUSHED'), durable: written, journal };
}

/** What is about to be published is on record. */
export function intendedUpload<R>(upload: StagedUpload<R>): StagedUpload<R> {
  const { request, epoch, durable, claim } = upload;
  return {
    ...move(upload, 'INTENDED'),
    journal: { request, epoch, durable, intent: claim, tombstone: undefined },
  };
}

/** The file is durable under its name. */
export function publishedUpload<R>(upload: StagedUpload<R>, result: R): StagedUpload<R> {
  return { ...move(upload, 'PUBLISHED'), result };
}

/** That it was published is on record: the RESULT may be told. */
export function recordedUpload<R>(upload: StagedUpload<R>): StagedUpload<R> {
  const { request, epoch, durable, result } = upload;
  const tombstone = { claim: upload.claim as Claim, result: result as R };
  return { ...move(upload, 'RECORDED'), journal: { request, epoch, durable, intent: undefined, tombstone } };
}

/** It could not be stored; what was staged is gone. `effect`: what that may have changed. */
export function failUpload<R>(upload: StagedUpload<R>, effect: Effect): StagedUpload<R> {
  return nothingStaged({ ...move(upload, 'FAIL'), effect: worse(upload.effect, effect) });
}

/** The stream of `epoch` was given up for good. What is staged is to be dropped when nothing is staged any more. */
export function resetUpload<R>(upload: StagedUpload<R>, epoch: number): StagedUpload<R> {
  if (isFenced(upload, epoch)) return upload;
  const next = move(upload, 'RESET');
  return next.state === 'empty' ? nothingStaged(next) : next;
}

/** The stream of `epoch` was lost with its connection. Less than a block is not worth keeping: it would be sent again. */
export function loseUpload<R>(upload: StagedUpload<R>, epoch: number, block: number): StagedUpload<R> {
  if (isFenced(upload, epoch)) return upload;
  const next = move(upload, 'LOSE');
  return next.state === 'suspended' && next.written < block ? nothingStaged(move(next, 'RESET')) : next;
}

/** The server does not keep it any longer. */
export function forgetUpload<R>(upload: StagedUpload<R>): StagedUpload<R> {
  return { ...nothingStaged(move(upload, 'FORGET')), journal: undefined };
}

/** What to say that the operation has changed, to a stream that fails with `own` effect: it speaks for all before it. */
export function effectOf<R>(upload: StagedUpload<R>, own: Effect): Effect {
  const answer = answerTo(upload, 0);
  if (answer === 'replay') return 'applied';
  return worse(own, answer === 'wait' ? 'unknown' : upload.effect);
}

/**
 * What a server that has crashed goes on with.
 * @param published what RESULT would have told, when what was intended has been published. Whether it was must be seen from
 *   what is staged (it is there no more), not from the name: somebody else may have that by now.
 */
export function recoverUpload<R>(journal: UploadJournal<R>, published: R | undefined): StagedUpload<R> {
  const { request, epoch, durable, intent, tombstone } = journal;
  const upload: StagedUpload<R> = {
    state: 'suspended',
    request,
    epoch,
    written: durable,
    durable,
    claim: undefined,
    result: undefined,
    effect: 'none',
    journal,
  };
  if (tombstone !== undefined) return { ...upload, ...tombstone, state: 'committed' };
  if (intent === undefined || published === undefined) return upload;
  return { ...upload, state: 'recording', claim: intent, result: published };
}

function unheardOf<R>(request: string): StagedUpload<R> {
  return {
    state: 'empty',
    request,
    epoch: 0,
    written: 0,
    durable: 0,
    claim: undefined,
    result: undefined,
    effect: 'none',
    journal: undefined,
  };
}

function move<R>(upload: StagedUpload<R>, event: StagedUploadEvent): StagedUpload<R> {
  const state = step(stagedUploadTable, upload.state, event);
  if (state === undefined)
    throw new RangeError(`${event} cannot happen to an upload that is ${upload.state}`);
  return { ...upload, state };
}

/** With the epoch on record, if anything of the operation ever was: who comes late must find it. */
function nothingStaged<R>(upload: StagedUpload<R>): StagedUpload<R> {
  const { request, epoch } = upload;
  const journal =
    upload.journal === undefined
      ? undefined
      : { request, epoch, durable: 0, intent: undefined, tombstone: undefined };
  return { ...upload, written: 0, durable: 0, claim: undefined, result: undefined, journal };
}

function refuse<R>(upload: StagedUpload<R>, code: Code): Stepped<R> {
  const failed = failUpload(upload, 'none');
  return { upload: failed, refusal: { code, effect: failed.effect } };
}

function sameFile(a: Claim | undefined, b: Claim): boolean {
  return a?.length === b.length && a.digest === b.digest;
}

/** What is known of two attempts together. */
function worse(a: Effect, b: Effect): Effect {
  if (a === 'none') return b;
  return b === 'none' ? a : a === b ? a : 'applied';
}
