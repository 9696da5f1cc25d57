import {
  beginAttempt,
  endAttempt,
  failAttempt,
  giveUpAttempts,
  loseAttempt,
  succeedAttempt,
} from '../../../machine/upload-attempts.js';
import type { Move } from '../model.js';
import type { Bounds } from './bounds.js';
import { clientStream, ownerOf, type Stream, type World } from './world.js';

/** What the client does: it tries until it is told a success, or a refusal that no retry changes. */
export function* clientMoves(world: World, bounds: Bounds): Generator<Move<World>> {
  const { client, left, owners } = world;
  if (client.over) return;
  const stream = clientStream(world);
  if (stream === undefined) {
    const first = owners.findIndex(({ alive }) => alive);
    for (const [owner, { alive }] of owners.entries()) {
      // They are all the same to whoever comes first; and who was only refused has a connection still.
      if (!alive || (client.attempts.attempt === 0 && owner > first)) continue;
      if (
        client.connected !== undefined &&
        ownerOf(world, client.connected).alive &&
        owner !== client.connected
      )
        continue;
      yield {
        name: `the client tries ${client.attempts.attempt > 0 ? 'again ' : ''}on process ${owner}`,
        fair: true,
        make: (to) => open(to, owner, bounds),
      };
    }
    return;
  }
  const { answer, owner } = stream;
  if (answer !== undefined) {
    const words = answer.ok ? 'the success' : `${answer.code}, effect ${answer.effect}`;
    yield { name: `the client hears ${words}`, fair: true, make: hear };
  } else if (!ownerOf(world, owner).alive) {
    yield { name: 'the client notices that the connection is gone', fair: true, make: lose };
  }
  if (left.cuts > 0) {
    yield {
      name: 'the client loses the connection',
      fair: false,
      make: (to) => {
        to.left.cuts -= 1;
        lose(to);
      },
    };
  }
}

function open(world: World, owner: number, { contents }: Bounds): void {
  const { client } = world;
  // Whoever tries again asks how far the server has come; nothing follows before the answer.
  const asked = client.attempts.attempt > 0 ? 1 : 0;
  const content = contents[asked];
  client.attempts = beginAttempt(client.attempts, asked);
  if (asked === 0) client.attempts = endAttempt(client.attempts);
  const { attempt } = client.attempts;
  const rest = { epoch: 0, answer: undefined };
  client.connected = owner;
  world.streams = world.streams.filter((each) => each.phase !== 'over');
  world.streams.push({ attempt, owner, content, asked, client: true, phase: 'asked', ...rest });
}

function hear(world: World): void {
  const { client } = world;
  const stream = clientStream(world) as Stream;
  const { answer } = stream;
  stream.client = false;
  if (answer?.ok === true) {
    client.attempts = succeedAttempt(client.attempts);
    client.over = true;
    return;
  }
  client.attempts = failAttempt(client.attempts, answer?.effect);
  if (answer?.code === 'SUPERSEDED' || answer?.code === 'BUSY') return;
  client.attempts = giveUpAttempts(client.attempts);
  client.over = true;
}

function lose(world: World): void {
  const { client } = world;
  const stream = clientStream(world) as Stream;
  stream.client = false;
  stream.answer = undefined;
  client.attempts = loseAttempt(client.attempts);
  client.connected = undefined;
}
