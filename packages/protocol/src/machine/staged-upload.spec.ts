import { describe, expect, it } from 'vitest';
import {
  acceptUpload,
  endUpload,
  flushedUpload,
  forgetUpload,
  intendedUpload,
  loseUpload,
  openUpload,
  publishedUpload,
  recordedUpload,
  recoverUpload,
  type StagedUpload,
  stagedUploadEvents,
  stagedUploadStates,
  stagedUploadTable,
  syncUpload,
  type UploadJournal,
  writeUpload,
} from './staged-upload.js';

const BLOCK = 10;
const file = { length: 25, digest: 'f' };

const open = (known: StagedUpload<string> | undefined, offset = 0, request = 'q') =>
  openUpload(known, { request, offset });
const accept = (upload: StagedUpload<string>, asked = 0) => acceptUpload(upload, upload.epoch, asked, BLOCK);
/** An upload that has `count` bytes staged. */
const staged = (count: number): StagedUpload<string> => {
  const upload = accept(open(undefined).upload).upload;
  return count === 0 ? upload : writeUpload(upload, 1, count).upload;
};
const ended = () => endUpload(staged(25), 1, file, file).upload;
const intended = () => intendedUpload(flushedUpload(ended()));
const committed = () => recordedUpload(publishedUpload(intended(), 'r'));

describe('the table of a staged upload', () => {
  it('reaches every state, uses every event, and ends only when all is forgotten', () => {
    const seen = new Set(['empty']);
    for (const state of seen) {
      for (const next of Object.values(stagedUploadTable[state as 'empty'])) seen.add(next);
    }
    expect(seen).toEqual(new Set(stagedUploadStates));
    const used = new Set(stagedUploadStates.flatMap((state) => Object.keys(stagedUploadTable[state])));
    expect(used).toEqual(new Set(stagedUploadEvents));
    const ends = stagedUploadStates.filter((state) => Object.keys(stagedUploadTable[state]).length === 0);
    expect(ends).toEqual(['forgotten']);
  });

  it('stops a commit only by a failure before it was published', () => {
    for (const state of ['flushing', 'intending', 'publishing', 'recording'] as const) {
      const { RESET, LOSE, START, RESUME } = stagedUploadTable[state];
      expect([RESET, LOSE, START, RESUME]).toEqual([state, state, state, state]);
    }
    expect(stagedUploadTable.recording.FAIL).toBeUndefined();
  });
});

describe('a staged upload', () => {
  it('goes on at a block boundary, and not beyond what is asked for', () => {
    const suspended = loseUpload(staged(25), 1, BLOCK);
    expect(suspended.state).toBe('suspended');
    const again = open(suspended, 40);
    expect(again).toMatchObject({ answer: 'go on', upload: { epoch: 2 } });
    const accepted = accept(syncUpload(again.upload, 25), 40);
    expect(accepted).toMatchObject({ offset: 20, upload: { state: 'staging', written: 20, durable: 20 } });
    expect(accepted.upload.journal).toMatchObject({ epoch: 2, durable: 20 });
    // A file that has become shorter than what is there is another one.
    expect(accept(syncUpload(again.upload, 25), 15).offset).toBe(0);
  });

  it('is not kept when less than a block of it is there', () => {
    expect(loseUpload(staged(BLOCK - 1), 1, BLOCK)).toMatchObject({ state: 'empty', written: 0, epoch: 1 });
    expect(loseUpload(staged(BLOCK), 1, BLOCK).state).toBe('suspended');
  });

  it('starts again when no offset is asked for', () => {
    expect(open(staged(25))).toMatchObject({
      answer: 'start',
      upload: { state: 'empty', written: 0, epoch: 2 },
    });
  });

  it('is one only with the same arguments', () => {
    const known = staged(25);
    expect(open(known, 0, 'other')).toEqual({ answer: 'mismatch', upload: known });
    expect(open(forgetUpload(loseUpload(known, 1, BLOCK)), 0, 'other')).toMatchObject({
      answer: 'start',
      upload: { epoch: 1 },
    });
  });

  it('takes nothing of an older stream', () => {
    const { upload } = open(staged(25), 40);
    for (const refused of [
      writeUpload(upload, 1, 5),
      endUpload(upload, 1, file, file),
      acceptUpload(upload, 1, 0, BLOCK),
    ]) {
      expect(refused).toMatchObject({ upload, refusal: { code: 'SUPERSEDED', effect: 'unknown' } });
    }
    expect(loseUpload(upload, 1, BLOCK)).toBe(upload);
  });

  it('is refused when it is not what was claimed', () => {
    const wrong = (claim: { length: number; digest: string }) => endUpload(staged(25), 1, claim, file);
    expect(wrong({ ...file, digest: 'g' })).toMatchObject({
      refusal: { code: 'DIGEST_MISMATCH', effect: 'none' },
      upload: { state: 'empty', written: 0 },
    });
    expect(wrong({ ...file, length: 24 })).toMatchObject({ refusal: { code: 'LENGTH_MISMATCH' } });
  });

  it('is committed once: later streams are told the same', () => {
    const { upload, answer } = open(committed(), 25);
    expect(answer).toBe('replay');
    const accepted = accept(upload, 25);
    expect(accepted).toMatchObject({ offset: 25, upload: { state: 'committed', result: 'r' } });
    expect(accept(upload, 30).offset).toBe(0);
    expect(endUpload(accepted.upload, 2, file, { length: 0, digest: '' })).toEqual({
      upload: accepted.upload,
    });
    expect(endUpload(accepted.upload, 2, { ...file, digest: 'g' }, file).refusal).toEqual({
      code: 'OPERATION_MISMATCH',
      effect: 'applied',
    });
  });

  it('is found again after a crash as far as its journal says', () => {
    const journalOf = (upload: StagedUpload<string>) => upload.journal as UploadJournal<string>;
    expect(staged(25).journal).toBeUndefined();
    expect(recoverUpload(journalOf(syncUpload(staged(25), 20)), undefined)).toMatchObject({
      state: 'suspended',
      written: 20,
    });
    expect(recoverUpload(journalOf(intended()), undefined)).toMatchObject({
      state: 'suspended',
      durable: 25,
    });
    expect(recoverUpload(journalOf(intended()), 'r')).toMatchObject({
      state: 'recording',
      claim: file,
      result: 'r',
    });
    expect(recoverUpload(journalOf(committed()), undefined)).toMatchObject({
      state: 'committed',
      result: 'r',
    });
  });

  it('cannot be asked for what its table does not have', () => {
    expect(() => flushedUpload(staged(25))).toThrow(RangeError);
  });
});
