import { clientCases } from '../cases/client/index.js';
import { serverCases } from '../cases/server/index.js';
import { notObservable } from '../not-observable.js';
import type { Side } from './case.js';

const covered: Readonly<Record<Side, ReadonlySet<string>>> = {
  server: new Set(serverCases.flatMap(({ rules }) => rules)),
  client: new Set(clientCases.flatMap(({ rules }) => rules)),
};

/** Why no case observes a rule on that side, in words; undefined when one does. */
export function coverageOf(rule: string, side: Side): string | undefined {
  if (covered[side].has(rule)) return undefined;
  const other = side === 'server' ? 'client' : 'server';
  if (covered[other].has(rule)) return `shows on the ${other} only`;
  return notObservable[rule] ?? 'no case observes it';
}
