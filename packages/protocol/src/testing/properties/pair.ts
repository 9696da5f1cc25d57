import fc from 'fast-check';
import { expect } from 'vitest';
import { other, sides } from '../pair.js';
import { contentOf, Run, scenario } from '../scenario.js';

export const pairProperties = {
  'end with the same view of every operation, nothing stuck, no fault, and all credit returned'() {
    fc.assert(
      fc.property(scenario, (each) => {
        const run = new Run(each);
        const rounds = run.go();
        expect(run.faults()).toEqual([]);
        expect(rounds, 'it comes to an end').toBeDefined();
        const { pair, views } = run;

        for (const [stream, client] of views.client) {
          const server = views.server.get(stream);
          // Every operation that was started was answered.
          expect(client.answer).toBeDefined();
          if (server === undefined) {
            expect(each.shutdown).toBeDefined();
            expect(client.answer).toBe('SHUTTING_DOWN');
            continue;
          }
          expect(client.answer).toBe(server.answer);
          const whole = contentOf(client.plan, client.index);
          const [sent, got] = client.plan.operation === 'upload' ? [client, server] : [server, client];
          const bytes = got.content.join('');
          expect(whole.startsWith(bytes)).toBe(true);
          expect(sent.content.join('').startsWith(bytes)).toBe(true);
          expect(client.acknowledged).toBeLessThanOrEqual(server.content.join('').length / 2);
          if (client.answer === 'OK' && !client.gaveUp) {
            expect(bytes).toBe(whole);
            expect(got.digest).toEqual(sent.digest);
          }
        }
        expect([...views.server.keys()].every((stream) => views.client.has(stream))).toBe(true);

        for (const side of sides) {
          expect(pair.ends[side].unconsumed).toBe(0);
          const left = pair.observer.available(side);
          const window = pair.ends[other(side)].connectionWindow;
          expect(left).toBeLessThanOrEqual(window);
          // The window may have grown with the last grant, to four times what was consumed in one round trip: a window at most.
          expect(left).toBeGreaterThan((window / 4) * 0.75);
          const drained = run.heard[side].filter(({ type }) => type === 'drained').length;
          expect(drained).toBe(pair.ends[side].state === 'draining' ? 1 : 0);
        }
        if (each.shutdown === undefined) {
          const { client } = pair.ends;
          expect(views.client.size).toBe(each.plans.length);
          const stream = client.open({ operation: 'upload', path: 'x' });
          expect(client.sendable(stream)).toBeGreaterThan(8192 * 0.375);
        }
      }),
      { numRuns: 150 },
    );
  },
};
