import { expect, it } from 'vitest';
import { initialState, initialStates, type MachineName } from './operation.js';

it('an upload that may go on from somewhere waits to be told where; everything else begins at once', () => {
  expect(initialState('upload', 0)).toBe('open');
  expect(initialState('upload', 1)).toBe('resuming');
  for (const machine of ['download', 'listing', 'call'] as const) {
    for (const offset of [0, 1]) expect(initialState(machine, offset)).toBe('requested');
  }
  for (const [machine, states] of Object.entries(initialStates)) {
    const begun = [0, 1].map((offset) => initialState(machine as MachineName, offset));
    expect(new Set(begun)).toEqual(new Set(states));
  }
});
