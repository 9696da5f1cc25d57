import type { Bounds } from './bounds.js';
import type { World } from './world.js';

/** What is wrong in this state; undefined when nothing is. These are the promises of PROTOCOL.md, "Resuming". */
export function violationIn(world: World, bounds: Bounds): string | undefined {
  const { client, commits, wrong } = world;
  const { attempts } = client;
  if (wrong !== undefined) return wrong;
  const sources = [bounds.source, bounds.changed];
  if (commits.some((content) => !sources.includes(content))) return 'a wrong commit';
  // A server that has forgotten the operation cannot know that it is an old one.
  const remembers = bounds.journals && bounds.left.forgotten === 0;
  if (commits.length > 1 && remembers) return 'a double commit';
  if (attempts.state === 'failed' && attempts.effect === 'none' && commits.length > 0) {
    return 'a failure without effect, told for a file that was committed';
  }
  if (attempts.state === 'done' && !client.dead) return successViolation(world, bounds, remembers);
  return undefined;
}

function successViolation(
  { client, commits, identical, disk }: World,
  bounds: Bounds,
  remembers: boolean,
): string | undefined {
  if (client.deceived) return 'a success told although something else was there';
  if (bounds.server === 'lying') return undefined;
  if (!commits.includes(client.reading) && identical !== client.reading) {
    return 'a success told for a file that was not committed';
  }
  if (remembers && disk.journal?.tombstone === undefined) return 'a success told before it was on record';
  return undefined;
}
