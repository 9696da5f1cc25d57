import type { Move } from '../model.js';
import type { Bounds } from './bounds.js';
import { create, flushFile, flushFolder, link, rename, unlink } from './disk.js';
import { allLines } from './records.js';
import { ownerOf, secondName, type World, witnessName } from './world.js';

/** The upload of a second client to the same name, as far as it can be seen: it looks, then acts, then is told. */
export function* otherUploadMoves(world: World, bounds: Bounds): Generator<Move<World>> {
  const { other, left, owners } = world;
  if (other.state === 'none' && left.otherUploads > 0) {
    for (const [owner, { alive }] of owners.entries()) {
      // Those who look and then act take turns within a process.
      if (!alive || world.disk.names[secondName(owner)] !== undefined) continue;
      yield {
        name: `the other upload looks at the name, on process ${owner}`,
        fair: false,
        make: (to) => {
          to.left.otherUploads -= 1;
          look(to, owner, bounds);
        },
      };
    }
  }
  if (other.state === 'looked') {
    yield {
      name: 'the other upload is published',
      fair: true,
      make: (to) => placeOther(to, bounds),
    };
  }
  if (other.state === 'placed') {
    yield {
      name: 'the other upload is durable, and acknowledged',
      fair: true,
      make: (to) => {
        to.disk = flushFolder(to.disk, '');
        to.other.state = 'told';
      },
    };
  }
}

function look(world: World, owner: number, { otherPolicy, links }: Bounds): void {
  const { other, disk } = world;
  const seen = disk.names['N'];
  if (seen !== undefined && otherPolicy === 'fail') {
    other.state = 'none';
    return;
  }
  other.state = 'looked';
  other.owner = owner;
  other.seen = seen;
  // Its commit is not on record: that there has been one must be seen when the name is gone.
  if (seen === undefined || !isIntended(world, seen)) return;
  if (links) world.disk = flushFolder(link(disk, seen, witnessName(owner)), `${owner}/`);
  // There is nothing to see it by: it has to be waited for.
  else other.state = 'none';
}

const isIntended = (world: World, inode: number): boolean =>
  allLines(world).some((line) => line.journal.intent !== undefined && line.inode === inode);

function placeOther(world: World, bounds: Bounds): void {
  const { other, disk } = world;
  const there = disk.names['N'];
  // The link of one who saw it free fails: it looks again.
  if (other.seen === undefined && there !== undefined) return look(world, other.owner, bounds);
  takeName(world, there !== other.seen);
  world.disk = create(disk, 'N', 'other upload', 'x');
  world.disk = flushFile(world.disk, world.disk.names['N'] as number);
  other.state = 'placed';
  other.seen = undefined;
}

/** People and programs that know nothing of us. */
export function* strangerMoves({ left, disk }: World): Generator<Move<World>> {
  if (left.strangers === 0) return;
  const act = (what: string, make: (to: World) => void): Move<World> => ({
    name: `a stranger ${what}`,
    fair: false,
    make: (to) => {
      to.left.strangers -= 1;
      takeName(to, true);
      make(to);
    },
  });
  yield act('puts a file under the name', (to) => {
    to.disk = create(to.disk, 'N', 'stranger', 'z');
  });
  if (disk.names['N'] === undefined) return;
  yield act('removes what has the name', (to) => {
    to.disk = unlink(to.disk, 'N');
  });
  yield act('moves what has the name away', (to) => {
    to.disk = rename(to.disk, 'N', 'T');
  });
}

/** Somebody else changes what has the name. `traceless`: nobody can tell afterwards that it was ours. */
function takeName(world: World, traceless: boolean): void {
  const { disk } = world;
  if (disk.inodes[disk.names['N'] ?? -1]?.by !== 'upload') return;
  world.taken = true;
  if (traceless) world.excused = true;
}

/** The process of the second client is gone, and so is that client. */
export function loseOther(world: World): void {
  const { other } = world;
  if (other.state === 'told' || ownerOf(world, other.owner).alive) return;
  other.state = 'none';
  other.seen = undefined;
}
