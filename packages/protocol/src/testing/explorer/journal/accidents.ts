import type { Move } from '../model.js';
import { remains, settled } from './disk.js';
import { loseOther } from './others.js';
import { type Line, newOwner, ownerOf, secondName, stagedName, type World, witnessName } from './world.js';

/** What happens to processes. */
export function* accidents(world: World): Generator<Move<World>> {
  const { left, owners, down } = world;
  if (down > 0) {
    yield {
      name: `process ${owners.length} starts`,
      fair: true,
      make: (to) => {
        to.down -= 1;
        to.owners.push(newOwner());
      },
    };
  }
  if (left.kills > 0) {
    for (const [owner, { alive }] of owners.entries()) {
      if (!alive) continue;
      yield {
        name: `process ${owner} is killed`,
        fair: false,
        make: (to) => {
          to.left.kills -= 1;
          die(to, owner);
        },
      };
    }
  }
  if (left.powerCuts > 0 && owners.some(({ alive }) => alive)) {
    for (const { disk, undone, words } of remains(world.disk)) {
      for (const [lines, more] of tails(world)) {
        yield {
          name: `the power is cut; ${words}${more}`,
          fair: false,
          make: (to) => {
            to.left.powerCuts -= 1;
            to.disk = to.left.powerCuts > 0 ? disk : settled(disk);
            to.publications -= undone;
            for (const [owner, line] of lines.entries()) {
              ownerOf(to, owner).line = line;
              ownerOf(to, owner).tail = [];
            }
            for (const [owner, { alive }] of to.owners.entries()) if (alive) die(to, owner);
          },
        };
      }
    }
  }
}

/** What of the journals survives: of the lines that are not flushed, any number from the first on. */
function* tails({
  owners,
}: World): Generator<readonly [lines: readonly (Line | undefined)[], words: string]> {
  const unsure = owners.findIndex(({ tail }) => tail.length > 0);
  const lines = owners.map(({ line }) => line);
  if (unsure < 0) return yield [lines, ''];
  const { line, tail } = owners[unsure] as (typeof owners)[number];
  for (let count = 0; count <= tail.length; count += 1)
    yield [
      lines.with(unsure, count === 0 ? line : tail[count - 1]),
      `, and ${count} lines of journal ${unsure}`,
    ];
}

function die(world: World, owner: number): void {
  const it = ownerOf(world, owner);
  it.alive = false;
  it.upload = undefined;
  world.down += 1;
  const { names } = world.disk;
  const left = [stagedName(owner), secondName(owner), witnessName(owner)].some(
    (name) => names[name] !== undefined,
  );
  it.gone = !left && it.line === undefined && it.tail.length === 0;
  for (const stream of world.streams) if (stream.owner === owner) stream.phase = 'over';
  loseOther(world);
}
