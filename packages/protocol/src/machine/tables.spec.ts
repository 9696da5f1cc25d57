import { describe, expect, it } from 'vitest';
import { allTables, reachable } from '../testing/tables.js';
import { operations } from '../vocabulary.js';
import { connectionStates } from './connection.js';
import type { OperationEvent } from './events.js';
import { initialStates, type MachineName, machineOf, operationTables, stepOperation } from './operation.js';
import { step } from './table.js';

describe.each(allTables)('the table of $name', (each) => {
  const { table, states, events, initial } = each;

  it('answers every event in every state with a state of its own or with nothing', () => {
    let allowed = 0;
    for (const state of states) {
      for (const event of events) {
        const next = step(table, state, event);
        if (next === undefined) continue;
        expect(states).toContain(next);
        allowed += 1;
      }
      // And has no entry that is no event.
      expect(events).toEqual(expect.arrayContaining(Object.keys(table[state] ?? {})));
    }
    expect(allowed).toBeGreaterThan(0);
  });

  it('lets nothing out of closed', () => {
    expect(Object.keys(table['closed'] ?? { missing: 1 })).toEqual([]);
  });

  it('reaches every state, and closed from every state', () => {
    expect(reachable(each, ...initial)).toEqual(new Set(states));
    for (const state of states) expect(reachable(each, state)).toContain('closed');
  });

  it('names no event that it never uses', () => {
    if (each.name !== 'connection') return;
    const used = new Set(states.flatMap((state) => Object.keys(table[state] ?? {})));
    expect(used).toEqual(new Set(events));
  });
});

describe('the tables of operations', () => {
  const machines = Object.keys(operationTables) as MachineName[];
  const states = (machine: MachineName) => Object.keys(operationTables[machine]);
  const next = (machine: MachineName, state: string, event: OperationEvent) =>
    stepOperation(machine, state as never, event);

  it('have one for each operation', () => {
    expect(Object.keys(machineOf)).toEqual(operations.filter((name) => name !== undefined));
    for (const machine of Object.values(machineOf)) {
      expect(states(machine)).toEqual(expect.arrayContaining([...initialStates[machine]]));
    }
  });

  it('let the responder refuse until it has answered, and answer whoever gave up', () => {
    for (const machine of machines) {
      for (const state of states(machine).filter((name) => !['closed', 'settled'].includes(name))) {
        expect(next(machine, state, 'R_FAILURE'), `${machine} ${state}`).toBeDefined();
        if (machine !== 'upload')
          expect(next(machine, state, 'R_RESET'), `${machine} ${state}`).toBe('closed');
      }
    }
  });

  it('let the initiator give up once, until it was answered', () => {
    const over = ['closed', 'cancelled', 'withdrawn'];
    for (const machine of machines) {
      for (const state of states(machine)) {
        const after = next(machine, state, 'I_RESET');
        if (over.includes(state)) expect(after, `${machine} ${state}`).toBeUndefined();
        else expect(over, `${machine} ${state}`).toContain(after);
      }
    }
  });

  it('let an upload succeed only after its END, a download only after the END of the responder', () => {
    const after = (machine: MachineName, event: OperationEvent) => {
      const targets = new Set(states(machine).map((state) => next(machine, state, event)));
      return new Set([...targets].flatMap((state) => (state === undefined ? [] : [...from(machine, state)])));
    };
    const from = (machine: MachineName, state: string) =>
      reachable(allTables.find(({ name }) => name === machine) as (typeof allTables)[number], state);
    for (const [machine, end] of [
      ['upload', 'I_END'],
      ['download', 'R_END'],
    ] as const) {
      const successful = states(machine).filter((state) => next(machine, state, 'R_SUCCESS') !== undefined);
      // What an initiator hears after it gave up it may hear in any case; it is not told as a success of the content.
      for (const state of successful.filter((name) => name !== 'cancelled')) {
        expect(after(machine, end)).toContain(state);
        expect([...without(machine, end)], `${machine} ${state}`).not.toContain(state);
      }
    }
  });

  /** States that can be reached when nobody ever sends this event. */
  function without(machine: MachineName, missing: OperationEvent): Set<string> {
    const seen = new Set<string>(initialStates[machine]);
    for (const state of seen) {
      for (const [event, to] of Object.entries(operationTables[machine][state] ?? {})) {
        if (event !== missing) seen.add(to as string);
      }
    }
    return seen;
  }
});

describe('the connection', () => {
  it('has these states', () => {
    expect(Object.keys(allTables[0]?.table ?? {})).toEqual(connectionStates);
  });

  it('can be ended by either end in every state', () => {
    const { table } = allTables[0] as (typeof allTables)[number];
    for (const state of connectionStates.filter((name) => name !== 'closed')) {
      for (const event of ['C_ABORT', 'S_ABORT']) expect(step(table, state, event)).toBe('closed');
    }
  });
});
