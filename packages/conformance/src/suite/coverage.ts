import { clientCases } from '../cases/client/index.js';
import { serverCases } from '../cases/server/index.js';
import { notObservable } from '../not-observable.js';
import type { Side } from './case.js';

const covered: Readonly<Record<Side, ReadonlySet<string>>> = {
  server: new Set(serverCases.flatMap(({ rules }) => rules)),
  client: new Set(clientCases.flatMap(({ rules }) => rules)),
};

/** Whether some case of that side observes the rule. */
export function isCovered(rule: string, side: Side): boolean {
  return covered[side].has(rule);
}

/** Why no case observes a rule on that side, in words; undefined when one does. */
export function coverageOf(rule: string, side: Side): string | undefined {
  if (isCovered(rule, side)) return undefined;
  const reason = notObservable[rule];
  if (reason !== undefined) return reason;
  const other = side === 'server' ? 'client' : 'server';
  if (isCovered(rule, other)) return `binds the ${other}, or shows on it only`;
  return 'no case observes it';
}
