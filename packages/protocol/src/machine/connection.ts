import type { TransitionTable } from './table.js';

/**
 * One connection, as either end sees it. Events are named for who sends them: `C_` the client (which connected), `S_`
 * the server. The handshake alternates strictly, client first: a server that shares its port with TLS must see the first
 * byte before it says anything, and an end that hears something other than the preface knows at once what it met.
 *
 *   idle           nothing was sent
 *   greeted        the client's preface and HELLO
 *   negotiated     the server's too: versions, digests and limits are settled
 *   authenticating a step of the client awaits its answer
 *   open           operations may start
 *   draining       an end said GOAWAY: what runs may finish, nothing starts
 *   closed         nothing more is sent or understood
 */
export const connectionStates = [
  'idle',
  'greeted',
  'negotiated',
  'authenticating',
  'open',
  'draining',
  'closed',
] as const;
/** One of {@link connectionStates}. */
export type ConnectionState = (typeof connectionStates)[number];

/** What can happen on a connection, named for who sends it: `C_` the client, `S_` the server. */
export const connectionEvents = [
  'C_HELLO',
  'S_HELLO',
  'C_AUTH',
  'S_AUTH_CONTINUE',
  'S_AUTH_SUCCESS',
  /** OPEN: a new operation. */
  'C_OPEN',
  /** Any other frame of an operation, CREDIT, PING or PONG. */
  'C_TRAFFIC',
  'S_TRAFFIC',
  /** GOAWAY with code OK: a graceful close. */
  'C_GOAWAY',
  'S_GOAWAY',
  /** GOAWAY with any other code, or the end of the transport. */
  'C_ABORT',
  'S_ABORT',
] as const;
/** One of {@link connectionEvents}. */
export type ConnectionMachineEvent = (typeof connectionEvents)[number];

const ABORT = { C_ABORT: 'closed', S_ABORT: 'closed' } as const;

/** Which event is allowed in which state, and where it leads. PROTOCOL.md, "The connection". */
export const connectionTable: TransitionTable<ConnectionState, ConnectionMachineEvent> = {
  idle: { C_HELLO: 'greeted', ...ABORT },
  greeted: { S_HELLO: 'negotiated', ...ABORT },
  negotiated: { C_AUTH: 'authenticating', ...ABORT },
  authenticating: { S_AUTH_CONTINUE: 'negotiated', S_AUTH_SUCCESS: 'open', ...ABORT },
  open: {
    C_OPEN: 'open',
    C_TRAFFIC: 'open',
    S_TRAFFIC: 'open',
    C_GOAWAY: 'draining',
    S_GOAWAY: 'draining',
    ...ABORT,
  },
  draining: {
    // An OPEN may have been under way when the server said that it goes; it is answered.
    C_OPEN: 'draining',
    C_TRAFFIC: 'draining',
    S_TRAFFIC: 'draining',
    C_GOAWAY: 'draining',
    S_GOAWAY: 'draining',
    ...ABORT,
  },
  closed: {},
};
