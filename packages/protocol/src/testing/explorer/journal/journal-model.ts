import type { Model, Move } from '../model.js';
import { accidents } from './accidents.js';
import type { Bounds } from './bounds.js';
import { clientMoves } from './client.js';
import { commitMoves } from './commit.js';
import { isServed } from './disk.js';
import { violationIn } from './invariants.js';
import { otherUploadMoves, strangerMoves } from './others.js';
import { recallMoves } from './recall.js';
import { streamMoves } from './streams.js';
import { copyOf, firstWorld, keyOf, type World } from './world.js';

/**
 * The commit of an upload by server processes that share a folder, as something to explore.
 *
 * In it: one or two processes that can be killed at every step, and start again as somebody else; power cuts that keep any
 * of what was not flushed, each file and each change of a folder by itself; connections that are lost while what was sent
 * on them is still under way; a retry on either process; a second upload to the same name, under either policy, that looks
 * and then acts; strangers who remove, replace or move what has the name; file systems without links; renames of which a
 * power cut keeps one side; a client that sends something else than before under the same operation id.
 *
 * Must hold: nothing is seen under a name that was not verified; what was acknowledged is on disk, flushed and on record,
 * until somebody else takes the name; an operation is published once, and never again after its success was told; a
 * failure without effect leaves nothing; when all is over, nothing is staged and no folder of a dead process is left; and
 * from everywhere, without further accidents, all comes to an end.
 *
 * Excused from being published once: an upload whose process died (or lost it) between publication and tombstone, and whose
 * name was meanwhile taken without a trace: by a stranger, or by another upload that had looked at the name before it was
 * published. Nobody can tell then that it ever was; and its client had not been told.
 *
 * Not in it: parts of a file (the upload model has them), times, receipts, and the reuse of inode numbers.
 */
export function journalModel(bounds: Bounds): Model<World> {
  return {
    first: () => firstWorld(bounds),
    copyOf,
    keyOf,
    movesOf: (world) => movesOf(world, bounds),
    isOver,
    violationIn,
  };
}

function* movesOf(world: World, bounds: Bounds): Generator<Move<World>> {
  yield* clientMoves(world, bounds);
  for (const [owner, { alive }] of world.owners.entries()) {
    if (!alive) continue;
    yield* streamMoves(world, owner);
    yield* recallMoves(world, owner);
    yield* commitMoves(world, owner, bounds);
  }
  yield* otherUploadMoves(world, bounds);
  yield* strangerMoves(world);
  yield* accidents(world);
}

/** Nobody waits for anything, and nothing is left that nobody needs. */
function isOver({ client, owners, streams, down, other, disk }: World): boolean {
  return (
    client.over &&
    down === 0 &&
    ['none', 'told'].includes(other.state) &&
    streams.every(({ phase }) => phase === 'over') &&
    owners.every(({ alive, gone }) => alive || gone) &&
    owners.every(({ upload }) => upload === undefined || upload.staged?.state === 'committed') &&
    Object.keys(disk.names).every(isServed)
  );
}
