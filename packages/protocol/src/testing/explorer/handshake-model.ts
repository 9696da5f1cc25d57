import {
  type ConnectionMachineEvent,
  type ConnectionState,
  connectionTable,
} from '../../machine/connection.js';
import { step } from '../../machine/table.js';
import type { Model, Move } from './model.js';

/** How much may happen on one connection. */
export interface HandshakeBounds {
  readonly name: string;
  /** Frames of one direction under way at most. */
  readonly underWay: number;
  /** OPENs, and other frames, of each end. */
  readonly traffic: number;
  /** Steps of authentication. */
  readonly challenges: number;
}

export const handshakeBounds: readonly HandshakeBounds[] = [
  { name: 'a connection from its first byte to its last', underWay: 4, traffic: 2, challenges: 1 },
];

interface HandshakeWorld {
  /** Each as its own end sees it. */
  client: ConnectionState;
  server: ConnectionState;
  toServer: readonly ConnectionMachineEvent[];
  toClient: readonly ConnectionMachineEvent[];
  left: { client: number; server: number; challenges: number };
  cut: boolean;
  wrong: string | undefined;
}

/** Both ends of a connection, with frames under way, until both have closed. */
export function handshakeModel(bounds: HandshakeBounds): Model<HandshakeWorld> {
  return {
    first: () => ({
      client: 'idle',
      server: 'idle',
      toServer: [],
      toClient: [],
      left: { client: bounds.traffic, server: bounds.traffic, challenges: bounds.challenges },
      cut: false,
      wrong: undefined,
    }),
    copyOf: (world) => ({ ...world, left: { ...world.left } }),
    keyOf: (world) => JSON.stringify(world),
    movesOf: (world) => movesOf(world, bounds),
    isOver: ({ client, server }) => client === 'closed' && server === 'closed',
    violationIn: ({ wrong, client, server }) =>
      wrong ??
      (client === 'open' && ['idle', 'greeted'].includes(server)
        ? 'a client ahead of its server'
        : undefined),
  };
}

type End = 'client' | 'server';

/** What makes a connection get on, and end, when nothing more is wanted of it. */
const PROGRESS: readonly string[] = ['C_HELLO', 'S_HELLO', 'C_AUTH', 'S_AUTH_SUCCESS'];

function* movesOf(world: HandshakeWorld, { underWay }: HandshakeBounds): Generator<Move<HandshakeWorld>> {
  for (const end of ['client', 'server'] as const) {
    const state = world[end];
    if (state === 'closed') continue;
    const queue = end === 'client' ? world.toClient : world.toServer;
    if (queue.length > 0)
      yield { name: `the ${end} hears ${queue[0]}`, fair: true, make: (to) => hear(to, end) };
    else if (world.cut || world[end === 'client' ? 'server' : 'client'] === 'closed' || isDone(world, end)) {
      yield {
        name: `the ${end} sees the end of the transport`,
        fair: true,
        make: (to) => close(to, end),
      };
    }
    const outgoing = end === 'client' ? world.toServer : world.toClient;
    if (outgoing.length >= underWay) continue;
    for (const event of Object.keys(connectionTable[state]) as ConnectionMachineEvent[]) {
      if (!maySend(world, end, event)) continue;
      const fair = PROGRESS.includes(event) || (event.endsWith('_GOAWAY') && state === 'open');
      yield { name: `the ${end} sends ${event}`, fair, make: (to) => send(to, end, event) };
    }
  }
  if (!world.cut) yield { name: 'the connection is cut', fair: false, make: cut };
}

function cut(world: HandshakeWorld): void {
  world.cut = true;
}

function close(world: HandshakeWorld, end: End): void {
  world[end] = 'closed';
}

/** Draining, nothing under way: the transport is ended. */
const isDone = ({ client, server, toServer, toClient }: HandshakeWorld, end: End): boolean =>
  (end === 'client' ? client : server) === 'draining' &&
  (end === 'client' ? server : client) !== 'open' &&
  toServer.length + toClient.length === 0;

/** What an honest end sends, of what its table allows. */
function maySend({ client, server, left }: HandshakeWorld, end: End, event: ConnectionMachineEvent): boolean {
  if (!event.startsWith(end === 'client' ? 'C_' : 'S_')) return false;
  // An operation is opened by a client that has not said, or heard, that nothing new is wanted.
  if (event === 'C_OPEN') return client === 'open' && left.client > 0;
  if (event.endsWith('_TRAFFIC')) return left[end] > 0;
  if (event.endsWith('_GOAWAY')) return (end === 'client' ? client : server) === 'open';
  if (event === 'S_AUTH_CONTINUE') return left.challenges > 0;
  return true;
}

function send(world: HandshakeWorld, end: End, event: ConnectionMachineEvent): void {
  if (event === 'C_OPEN' || event.endsWith('_TRAFFIC')) world.left[end] -= 1;
  if (event === 'S_AUTH_CONTINUE') world.left.challenges -= 1;
  world[end] = step(connectionTable, world[end], event) as ConnectionState;
  if (world.cut) return;
  if (end === 'client') world.toServer = [...world.toServer, event];
  else world.toClient = [...world.toClient, event];
}

function hear(world: HandshakeWorld, end: End): void {
  const [event, ...rest] = end === 'client' ? world.toClient : world.toServer;
  if (end === 'client') world.toClient = rest;
  else world.toServer = rest;
  const next = step(connectionTable, world[end], event as ConnectionMachineEvent);
  if (next === undefined)
    world.wrong = `${event} of an honest end is a violation for the ${end} in ${world[end]}`;
  else world[end] = next;
}
