import type { Bounds } from './bounds.js';
import { clientMoves, isFinal } from './client-moves.js';
import { violationIn } from './invariants.js';
import { lyingServerMoves } from './lying-server.js';
import type { Model, Move } from './model.js';
import { crash, serverMoves } from './server-moves.js';
import { clientLink, copyOf, firstWorld, keyOf, type Link, type World } from './world.js';

/** A whole upload, as something to explore. */
export function uploadModel(bounds: Bounds): Model<World> {
  return {
    first: () => firstWorld(bounds.source, bounds.left),
    copyOf,
    keyOf,
    movesOf: (world) => movesOf(world, bounds),
    isOver,
    violationIn: (world) => violationIn(world, bounds),
  };
}

/** Every step that can be made in this state. */
function* movesOf(world: World, bounds: Bounds): Generator<Move<World>> {
  yield* clientMoves(world, bounds);
  if (bounds.server === 'lying') yield* lyingServerMoves(world);
  else yield* serverMoves(world, bounds);
  yield* accidents(world, bounds);
}

/** Nobody waits for anything any more. */
function isOver(world: World): boolean {
  const { server, links } = world;
  const resting =
    server.upload === undefined || ['empty', 'suspended', 'committed'].includes(server.upload.state);
  return isFinal(world) && server.up && resting && links.every((link) => !link.client && !link.server);
}

/** What happens to everybody. */
function* accidents(world: World, bounds: Bounds): Generator<Move<World>> {
  const { left, server, disk, names } = world;
  for (const [i, link] of world.links.entries()) {
    if (left.cuts > 0 && !link.cut && (link.client || link.server)) {
      yield {
        name: `connection ${link.attempt} is cut`,
        fair: false,
        make: (to) => {
          to.left.cuts -= 1;
          (to.links[i] as Link).cut = true;
        },
      };
    }
    const damaged =
      left.corruptions > 0 && link.server ? link.up.findIndex(({ kind }) => kind === 'DATA') : -1;
    if (damaged >= 0) {
      yield {
        name: `DATA is corrupted on connection ${link.attempt}`,
        fair: false,
        make: (to) => {
          to.left.corruptions -= 1;
          const each = to.links[i] as Link;
          each.up = each.up.map((frame, at) => (at === damaged ? { kind: 'DATA', piece: '!' } : frame));
        },
      };
    }
  }
  if (left.crashes > 0 && server.up && bounds.server === 'honest') {
    for (let kept = disk.flushed; kept <= disk.staged.length; kept += 1) {
      for (const placed of names.placing === undefined ? [true] : [true, false]) {
        yield {
          name: `the server crashes; ${kept} staged survive${placed ? '' : ', the new name does not'}`,
          fair: false,
          make: (to) => {
            to.left.crashes -= 1;
            crash(to, kept, placed);
          },
        };
      }
    }
  }
  if (left.otherWrites > 0) {
    yield {
      name: 'somebody else puts a file under the name',
      fair: false,
      make: (to) => {
        to.left.otherWrites -= 1;
        to.names.first = 'x';
        // Making their name durable makes ours so too: it is the same folder.
        if (to.names.placing?.at === 'first') to.names.placing = { at: 'first', before: 'x' };
      },
    };
  }
  if (left.sourceChanges > 0 && clientLink(world) === undefined && !isFinal(world)) {
    yield {
      name: 'the source changes',
      fair: false,
      make: (to) => {
        to.left.sourceChanges -= 1;
        to.client.source = bounds.changed;
      },
    };
  }
}
