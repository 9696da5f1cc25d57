import { acceptFault } from '../../connection/resume.js';
import { initialState, stepOperation } from '../../machine/operation.js';
import {
  acceptAttempt,
  attemptsOnRecord,
  beginAttempt,
  endAttempt,
  failAttempt,
  giveUpAttempts,
  loseAttempt,
  resetAttempt,
  succeedAttempt,
} from '../../machine/upload-attempts.js';
import { BLOCK_SIZE } from '../../wire/digest.js';
import type { Bounds } from './bounds.js';
import type { Move } from './model.js';
import { clientLink, type FrameDown, type FrameUp, type Link, type World } from './world.js';

/** What the client may do next. */
export function* clientMoves(world: World, bounds: Bounds): Generator<Move<World>> {
  const { client, left, server } = world;
  if (client.dead || isFinal(world)) return;
  const { state, attempt } = client.attempts;
  if (state === 'idle') {
    if (attempt > 0) yield { name: 'the client gives up', fair: true, make: giveUp };
    const room = world.links.filter((link) => link.client || link.server).length < 2;
    if (!client.over && attempt < bounds.attempts && room && server.up) {
      yield { name: 'the client sends OPEN', fair: true, make: (to) => open(to, 0) };
      const { length } = client.source;
      if (length > 0) {
        yield { name: `the client sends OPEN, offset ${length}`, fair: true, make: (to) => open(to, length) };
      }
    }
  }
  if (left.clientCrashes > 0 && attempt > 0) {
    yield { name: 'the client crashes, and starts again with its notes', fair: false, make: crashWithNotes };
    yield { name: 'the client crashes for good', fair: false, make: crashForGood };
  }
  const link = clientLink(world);
  if (link === undefined) return;
  if (link.down.length > 0) {
    yield {
      name: `the client hears ${describe(link.down[0] as FrameDown)}`,
      fair: true,
      make: (to) => hear(to, clientLink(to) as Link, bounds),
    };
  }
  if (link.cut) {
    yield {
      name: 'the client loses the connection',
      fair: true,
      make: (to) => lose(to, clientLink(to) as Link),
    };
  }
  if (link.up.length >= bounds.underWay) return;
  if (state === 'sending' && client.sent < client.reading.length && may(link, 'I_DATA')) {
    const piece = client.reading[client.sent] as string;
    yield {
      name: `the client sends DATA(${piece})`,
      fair: true,
      make: (to) => {
        to.client.sent += 1;
        say(clientLink(to) as Link, 'I_DATA', { kind: 'DATA', piece });
      },
    };
  }
  if (state === 'sending' && client.sent === client.reading.length && may(link, 'I_END')) {
    const digest = client.reading;
    yield { name: 'the client sends END', fair: true, make: (to) => end(to, digest.length, digest) };
    if (left.lies > 0) {
      yield {
        name: 'the client lies about the digest',
        fair: false,
        make: lying((to) => end(to, digest.length, `${digest}?`)),
      };
      yield {
        name: 'the client lies about the length',
        fair: false,
        make: lying((to) => end(to, digest.length + 1, digest)),
      };
    }
  }
  if (left.resets > 0 && state !== 'leaving' && may(link, 'I_RESET')) {
    yield {
      name: 'the client sends RESET',
      fair: false,
      make: (to) => {
        to.left.resets -= 1;
        leave(to, clientLink(to) as Link);
      },
    };
  }
}

/** Whether the caller of the client was told how it ended, or nobody is left to be told. */
export function isFinal({ client }: World): boolean {
  return client.dead || client.attempts.state === 'done' || client.attempts.state === 'failed';
}

const lying = (make: (world: World) => void) => (world: World) => {
  world.left.lies -= 1;
  make(world);
};

const describe = (frame: FrameDown): string =>
  frame.kind === 'FAILURE' ? `${frame.code}, effect ${frame.effect}` : frame.kind;

const may = (link: Link, event: 'I_DATA' | 'I_END' | 'I_RESET'): boolean =>
  link.clientStream !== 'settled' && stepOperation('upload', link.clientStream, event) !== undefined;

function open(world: World, asked: number): void {
  const { client } = world;
  client.attempts = beginAttempt(client.attempts, asked);
  client.reading = client.source;
  client.sent = 0;
  client.deceived = false;
  world.links = world.links.filter((link) => link.client || link.server);
  world.links.push({
    attempt: client.attempts.attempt,
    client: true,
    server: true,
    cut: false,
    clientStream: initialState('upload', asked),
    serverStream: undefined,
    phase: 'silent',
    asked,
    epoch: 0,
    base: 0,
    heard: 0,
    seen: '',
    waiting: [],
    up: [{ kind: 'OPEN', asked }],
    down: [],
  });
}

function end(world: World, length: number, digest: string): void {
  world.client.attempts = endAttempt(world.client.attempts);
  say(clientLink(world) as Link, 'I_END', { kind: 'END', length, digest });
}

function hear(world: World, link: Link, bounds: Bounds): void {
  const { client } = world;
  const [frame, ...rest] = link.down as [FrameDown, ...FrameDown[]];
  link.down = rest;
  const event = ({ ACCEPT: 'R_ACCEPT', ACK: 'R_ACK', SUCCESS: 'R_SUCCESS', FAILURE: 'R_FAILURE' } as const)[
    frame.kind
  ];
  const before = link.clientStream;
  const next = stepOperation('upload', before, event);
  if (next === undefined || (frame.kind === 'ACCEPT' && isMalformed(link, frame, bounds))) {
    return fault(world, link, bounds);
  }
  link.clientStream = next;
  const discarding = before === 'cancelled' || before === 'withdrawn';
  switch (frame.kind) {
    case 'ACCEPT':
      if (!discarding) accepted(world, link, frame, bounds);
      return;
    case 'ACK':
      return;
    case 'SUCCESS':
      client.attempts = succeedAttempt(client.attempts);
      return leaveLink(link);
    case 'FAILURE': {
      client.over ||= client.attempts.state === 'leaving';
      client.attempts = failAttempt(client.attempts, frame.effect);
      if (next === 'settled') say(link, 'I_RESET', { kind: 'RESET' });
      return leaveLink(link);
    }
  }
}

function isMalformed(
  link: Link,
  { offset, prefix }: Extract<FrameDown, { kind: 'ACCEPT' }>,
  { block }: Bounds,
): boolean {
  const unit = BLOCK_SIZE / block;
  const given = offset > 0 ? new TextEncoder().encode(prefix) : undefined;
  return acceptFault('upload', link.asked * unit, { offset: offset * unit, prefix: given }) !== undefined;
}

function accepted(
  world: World,
  link: Link,
  accept: Extract<FrameDown, { kind: 'ACCEPT' }>,
  bounds: Bounds,
): void {
  const { client } = world;
  const ours = accept.prefix === client.reading.slice(0, accept.offset);
  const asking = client.attempts.state === 'asking';
  const { attempts, refusal } = acceptAttempt(client.attempts, accept, ours);
  client.attempts = attempts;
  if (asking) client.sent = accept.offset;
  if (refusal === undefined) {
    client.deceived ||= !ours;
    return;
  }
  if (refusal === 'SUPERSEDED' && bounds.server === 'honest')
    world.wrong = 'an honest server is taken for a broken one';
  leave(world, link);
}

/** Gives the operation up. */
function leave(world: World, link: Link): void {
  const { client } = world;
  client.attempts = resetAttempt(client.attempts);
  client.over = true;
  say(link, 'I_RESET', { kind: 'RESET' });
  if (isFinal(world)) leaveLink(link);
}

function lose(world: World, link: Link): void {
  const { client } = world;
  client.over ||= client.attempts.state === 'leaving';
  client.attempts = loseAttempt(client.attempts);
  leaveLink(link);
}

/** What a server cannot honestly send ends the connection. */
function fault(world: World, link: Link, bounds: Bounds): void {
  if (bounds.server === 'honest') world.wrong = 'an honest server is taken for a broken one';
  lose(world, link);
}

function giveUp(world: World): void {
  world.client.attempts = giveUpAttempts(world.client.attempts);
}

function crashWithNotes(world: World): void {
  const { client, left } = world;
  left.clientCrashes -= 1;
  client.attempts = attemptsOnRecord(client.attempts.attempt);
  client.over = false;
  const link = clientLink(world);
  if (link !== undefined) leaveLink(link);
}

function crashForGood(world: World): void {
  world.left.clientCrashes -= 1;
  world.client.dead = true;
  const link = clientLink(world);
  if (link !== undefined) leaveLink(link);
}

/** What was sent is still under way. */
function leaveLink(link: Link): void {
  link.client = false;
  link.down = [];
}

function say(link: Link, event: 'I_DATA' | 'I_END' | 'I_RESET', frame: FrameUp): void {
  const next = stepOperation('upload', link.clientStream, event);
  if (next === undefined) return;
  link.clientStream = next;
  if (!link.cut && link.server) link.up = [...link.up, frame];
}
