import { expect, it } from 'vitest';
import { clientCases } from '../cases/client/index.js';
import { serverCases } from '../cases/server/index.js';
import { notObservable } from '../not-observable.js';
import { specification } from '../spec/specification.js';

const observed = new Set([...serverCases, ...clientCases].flatMap(({ rules }) => rules));

it('observes every rule, or says why not', () => {
  const open = specification.rules.filter(({ id }) => !observed.has(id) && !(id in notObservable));
  expect(open.map(({ id }) => id)).toEqual([]);
});

it('lists no rule that has a case, and none that PROTOCOL.md does not have', () => {
  const ids = new Set(specification.rules.map(({ id }) => id));
  expect(Object.keys(notObservable).filter((id) => observed.has(id) || !ids.has(id))).toEqual([]);
  expect([...observed].filter((id) => !ids.has(id))).toEqual([]);
});

it('has as many cases as were asked for, each with an id of its own', () => {
  const ids = [...serverCases, ...clientCases].map(({ id }) => id);
  expect(serverCases.length).toBeGreaterThan(150);
  expect(new Set(serverCases.map(({ id }) => id)).size).toBe(serverCases.length);
  for (const id of ids) expect(id).toMatch(/^FX-\d+\.\d+-\d+\/[a-z0-9-]+$/);
});
