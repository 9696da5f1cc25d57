import { connectionEvents, connectionTable } from '../machine/connection.js';
import { operationEvents } from '../machine/events.js';
import { initialStates, type MachineName, operationTables } from '../machine/operation.js';
import type { TransitionTable } from '../machine/table.js';

/** Every table, whatever its states and events are called. */
export interface AnyTable {
  readonly name: string;
  readonly initial: readonly string[];
  readonly states: readonly string[];
  readonly events: readonly string[];
  readonly table: TransitionTable<string, string>;
}

export const allTables: readonly AnyTable[] = [
  {
    name: 'connection',
    initial: ['idle'],
    states: Object.keys(connectionTable),
    events: connectionEvents,
    table: connectionTable,
  },
  ...(Object.keys(operationTables) as MachineName[]).map((name) => ({
    name,
    initial: initialStates[name],
    states: Object.keys(operationTables[name]),
    events: operationEvents,
    table: operationTables[name],
  })),
];

/** States that can be reached from `from`, themselves included. */
export function reachable({ table }: AnyTable, ...from: readonly string[]): Set<string> {
  const seen = new Set(from);
  for (const state of seen) for (const next of Object.values(table[state] ?? {})) seen.add(next as string);
  return seen;
}
