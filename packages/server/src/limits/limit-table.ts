import type { Code, Limits } from '@filex/protocol';
import {
  type LimitName,
  nodeLimitTable,
  type ServerLimit,
  type ServerLimits,
  serverLimitTable,
} from '@filex/protocol/node';

/** Values that differ from the standard ones. */
export type LimitValues = { readonly [K in LimitName]?: number };

/** What a client is told that goes beyond a limit of the protocol. */
const told: { readonly [K in keyof Limits]: Code | undefined } = {
  maxDataPayload: 'FRAME_TOO_LARGE',
  maxControlPayload: 'FRAME_TOO_LARGE',
  maxStreams: 'STREAM_LIMIT',
  initialStreamWindow: 'CREDIT_EXCEEDED',
  maxStreamWindow: 'CREDIT_EXCEEDED',
  initialConnectionWindow: 'CREDIT_EXCEEDED',
  maxConnectionWindow: 'CREDIT_EXCEEDED',
  maxPathBytes: 'MESSAGE_MALFORMED',
  maxSegmentBytes: 'MESSAGE_MALFORMED',
  maxUnansweredPings: 'RATE_LIMITED',
  handshakeTimeout: 'TIMEOUT',
  keepaliveInterval: undefined,
  keepaliveTimeout: 'TIMEOUT',
};

/** Every limit of a server, by name: those of all its clients together, and those of each connection. */
export const limits: { readonly [K in LimitName]: ServerLimit } = {
  ...serverLimitTable,
  ...(Object.fromEntries(
    Object.entries(nodeLimitTable).map(([name, limit]) => [
      name,
      { ...limit, code: told[name as keyof Limits] },
    ]),
  ) as { readonly [K in keyof Limits]: ServerLimit }),
};

/** The values in the form that `serve` takes them. */
export function splitLimits(values: LimitValues): {
  limits: Partial<Limits>;
  serverLimits: Partial<ServerLimits>;
} {
  const of = (table: object): object =>
    Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(table, name)));
  return { limits: of(nodeLimitTable), serverLimits: of(serverLimitTable) };
}
