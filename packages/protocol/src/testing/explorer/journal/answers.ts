import { type Answer, ownerOf, type Stream, type World } from './world.js';

export const SUPERSEDED: Answer = { ok: false, code: 'SUPERSEDED', effect: 'unknown' };

/** Answers a stream: whether anybody hears it is another matter. */
export function end(world: World, stream: Stream, answer: Answer): void {
  if (answer.ok && world.told !== undefined && world.told !== answer.path)
    world.wrong = 'another RESULT than before';
  if (answer.ok) world.told = answer.path;
  stream.phase = 'over';
  stream.answer = answer;
}

/** Nothing of K is ours any more: whoever waits for us had better ask again. */
export function supersede(world: World, owner: number, ...phases: readonly Stream['phase'][]): void {
  for (const stream of world.streams)
    if (stream.owner === owner && phases.includes(stream.phase)) end(world, stream, SUPERSEDED);
  ownerOf(world, owner).upload = undefined;
}
