import type { Move } from './model.js';
import type { FrameDown, Link, World } from './world.js';

/** A server that says anything, in any order. What it stores is nobody's business. */
export function* lyingServerMoves(world: World): Generator<Move<World>> {
  for (const [i, link] of world.links.entries()) {
    if (!link.server) continue;
    const linkOf = (to: World): Link => to.links[i] as Link;
    yield {
      name: `the server hears nothing more on connection ${link.attempt}`,
      fair: true,
      make: (to) => {
        const each = linkOf(to);
        each.server = false;
        each.cut = true;
        each.up = [];
      },
    };
    if (world.left.lies === 0 || !link.client || link.cut || link.down.length >= 2) continue;
    for (const frame of lies(world)) {
      yield {
        name: `the server says ${frame.kind}`,
        fair: false,
        make: (to) => {
          to.left.lies -= 1;
          const each = linkOf(to);
          each.down = [...each.down, frame];
        },
      };
    }
  }
}

function* lies({ client }: World): Generator<FrameDown> {
  const { length } = client.reading;
  for (const epoch of [0, 1, 2]) {
    yield { kind: 'ACCEPT', epoch, offset: 0, prefix: '' };
    yield { kind: 'ACCEPT', epoch, offset: length, prefix: client.reading };
    yield { kind: 'ACCEPT', epoch, offset: length, prefix: 'z'.repeat(length) };
  }
  yield { kind: 'ACCEPT', epoch: 9, offset: length + 1, prefix: `${client.reading}z` };
  yield { kind: 'ACK', offset: 1 };
  yield { kind: 'SUCCESS', path: 'first' };
  for (const effect of ['none', 'unknown', 'applied'] as const) {
    yield { kind: 'FAILURE', code: 'IO_ERROR', effect };
  }
}
