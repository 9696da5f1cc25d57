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

/** The commit of an upload by server processes that share a folder, as something to explore. */
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
    yield* recallMoves(world, owner, bounds);
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
