import {
  acceptUpload,
  answerTo,
  endUpload,
  isFenced,
  loseUpload,
  openUpload,
  syncUpload,
  writeUpload,
} from '../../../machine/staged-upload.js';
import { acceptAttempt, endAttempt, giveUpAttempts, loseAttempt } from '../../../machine/upload-attempts.js';
import type { Move } from '../model.js';
import { end, SUPERSEDED } from './answers.js';
import { flushFile, write } from './disk.js';
import { beginRecall } from './recall.js';
import { record } from './records.js';
import { drop, isCommitting, startAnew } from './staged-names.js';
import { ownerOf, type Stream, stagedOf, uploadOf, type World } from './world.js';

/** Stands for the path and what else OPEN asks for: it is the same on every retry here. */
const REQUEST = '';

/** What a process does for the streams of its clients. */
export function* streamMoves(world: World, owner: number): Generator<Move<World>> {
  for (const [i, stream] of world.streams.entries()) {
    if (stream.owner !== owner || stream.phase === 'over') continue;
    const on = `on stream ${stream.attempt}`;
    const streamOf = (to: World): Stream => to.streams[i] as Stream;
    const move = (what: string, make: (to: World, it: Stream) => void): Move<World> => ({
      name: `process ${owner} ${what} ${on}`,
      fair: true,
      make: (to) => make(to, streamOf(to)),
    });
    const { upload } = ownerOf(world, owner);
    if (stream.phase === 'asked' && upload?.recall === undefined) yield move('hears OPEN', hearOpen);
    if (stream.phase === 'opening' && answerTo(stagedOf(world, owner), stream.asked) !== 'wait')
      yield move('hears the rest', accept);
    if (!stream.client && stream.phase !== 'committing') yield move('loses the client', lose);
  }
}

function hearOpen(world: World, stream: Stream): void {
  const { owner, asked } = stream;
  const { upload } = ownerOf(world, owner);
  const settled =
    upload?.staged !== undefined && (isCommitting(upload) || upload.staged.state === 'committed');
  const whole = upload?.wanted === true && upload.recall === undefined;
  if (!settled && !whole) return beginRecall(world, owner, true);
  const { upload: staged, answer } = openUpload(upload?.staged, { request: REQUEST, offset: asked });
  const known = uploadOf(world, owner);
  known.staged = staged;
  stream.epoch = staged.epoch;
  stream.phase = 'opening';
  if (answer === 'start') startAnew(world, owner);
  record(world, owner, staged.journal);
  for (const other of world.streams) {
    const served = other.owner === owner && ['opening', 'running'].includes(other.phase);
    if (served && other !== stream && isFenced(staged, other.epoch)) end(world, other, SUPERSEDED);
  }
}

function accept(world: World, stream: Stream): void {
  const { owner, epoch, asked } = stream;
  const known = uploadOf(world, owner);
  if (known.staged?.state === 'suspended' && known.inode !== undefined) {
    world.disk = flushFile(world.disk, known.inode);
    known.staged = syncUpload(known.staged, known.staged.written);
    record(world, owner, known.staged.journal);
  }
  const { upload, offset, refusal } = acceptUpload(stagedOf(world, owner), epoch, asked, 1);
  known.staged = upload;
  if (refusal !== undefined) return end(world, stream, { ok: false, ...refusal });
  record(world, owner, upload.journal);
  if (upload.state === 'staging' && offset === 0 && world.disk.inodes[known.inode ?? -1]?.bytes !== '')
    world.disk = write(world.disk, known.inode as number, '');
  if (stream.client) hearAccept(world, stream, offset);
  // DATA and END follow the ACCEPT, when there is somebody to hear it.
  else if (asked > 0) lose(world, stream);
  if (stream.phase !== 'over' && offset === 0) writeData(world, stream);
  if (stream.phase !== 'over') hearEnd(world, stream);
}

/** The client goes on where it is told. */
function hearAccept(world: World, stream: Stream, offset: number): void {
  const { owner, epoch, asked, content } = stream;
  const { client } = world;
  const prefixIsOurs = offset === 0 || content === prefixOf(world, owner);
  const { attempts, refusal } = acceptAttempt(client.attempts, { epoch, offset }, prefixIsOurs);
  client.attempts = attempts;
  if (refusal === undefined) {
    if (asked > 0) client.attempts = endAttempt(attempts);
    return;
  }
  // Two processes that know of the same tombstone count on by themselves: the next try has a higher epoch.
  client.attempts = loseAttempt(attempts);
  stream.client = false;
  lose(world, stream);
  if (refusal === 'SUPERSEDED') return;
  // Another file needs another operation.
  client.attempts = giveUpAttempts(client.attempts);
  client.over = true;
}

function prefixOf(world: World, owner: number): string | undefined {
  const { staged, inode } = uploadOf(world, owner);
  return staged?.claim?.digest ?? world.disk.inodes[inode ?? -1]?.bytes;
}

function writeData(world: World, stream: Stream): void {
  const { owner, epoch, content } = stream;
  const known = uploadOf(world, owner);
  const { upload, refusal } = writeUpload(stagedOf(world, owner), epoch, 1);
  known.staged = upload;
  if (refusal !== undefined) return end(world, stream, { ok: false, ...refusal });
  if (upload.state === 'staging') world.disk = write(world.disk, known.inode as number, content);
}

function hearEnd(world: World, stream: Stream): void {
  const { owner, epoch, content } = stream;
  const known = uploadOf(world, owner);
  const claim = { length: 1, digest: content };
  // What was on disk already is proven by its block digests, what came by what came: nothing is read again.
  const { upload, refusal } = endUpload(stagedOf(world, owner), epoch, claim, claim);
  known.staged = upload;
  if (refusal !== undefined) return end(world, stream, { ok: false, ...refusal });
  if (upload.state === 'committed') end(world, stream, { ok: true, path: upload.result as string });
  else stream.phase = 'committing';
}

function lose(world: World, stream: Stream): void {
  const { owner, epoch, phase } = stream;
  stream.phase = 'over';
  const known = ownerOf(world, owner).upload;
  if (phase === 'asked' || known?.staged === undefined) return;
  known.staged = loseUpload(known.staged, epoch, 1);
  record(world, owner, known.staged.journal);
  if (known.staged.state === 'empty') drop(world, owner);
  // Nobody is at work on it: whoever comes next asks all others first.
  if (known.staged.state === 'empty' || known.staged.state === 'suspended') known.wanted = false;
}
