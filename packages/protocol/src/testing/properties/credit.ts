import fc from 'fast-check';
import { expect } from 'vitest';
import { ReceiveCredit, SendCredit } from '../../machine/credit.js';

type Step =
  | { readonly do: 'send' | 'consume'; readonly share: number }
  | { readonly do: 'grant' | 'deliver' }
  | { readonly do: 'widen'; readonly to: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('send', 'consume'), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ do: fc.constantFrom('grant', 'deliver') }),
  fc.record({ do: fc.constant('widen'), to: fc.integer({ min: 1, max: 5000 }) }),
) as fc.Arbitrary<Step>;

export const creditProperties = {
  'is never exceeded, never taken back, and never more than the window beyond what was consumed'() {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.array(step, { maxLength: 80 }), (window, steps) => {
        const sender = new SendCredit(window);
        const receiver = new ReceiveCredit(window);
        const grants: number[] = [];
        const sent: number[] = [];
        let widest = window;
        for (const each of steps) {
          const { limit } = receiver;
          if (each.do === 'send') {
            const count = Math.floor(sender.available * each.share);
            expect(sender.spend(count)).toBe(true);
            sent.push(count);
          } else if (each.do === 'consume') {
            const count = Math.floor(receiver.unconsumed * each.share);
            expect(receiver.consume(count)).toBe(true);
          } else if (each.do === 'deliver') {
            // Data is received in the order it was sent; grants may be late and out of order.
            const count = sent.shift();
            if (count !== undefined) expect(receiver.receive(count)).toBe(true);
            const grant = grants.pop();
            if (grant !== undefined) sender.raise(grant);
          } else if (each.do === 'widen') {
            receiver.setWindow(each.to);
            widest = Math.max(widest, each.to);
          } else {
            const grant = receiver.grant();
            if (grant !== undefined) {
              expect(grant).toBeGreaterThan(limit);
              grants.push(grant);
            }
          }
          expect(receiver.limit).toBeGreaterThanOrEqual(limit);
          expect(receiver.limit - receiver.consumed).toBeLessThanOrEqual(widest);
          expect(receiver.received).toBeLessThanOrEqual(receiver.limit);
          expect(receiver.consumed).toBeLessThanOrEqual(receiver.received);
          expect(sender.sent).toBeLessThanOrEqual(sender.limit);
          expect(sender.limit).toBeLessThanOrEqual(receiver.limit);
        }
      }),
      { numRuns: 400 },
    );
  },

  'keeps flowing: when all was consumed, more than half a window can be sent'() {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }),
        (window, shares) => {
          const sender = new SendCredit(window);
          const receiver = new ReceiveCredit(window);
          for (const share of shares) {
            const count = Math.ceil(sender.available * share);
            sender.spend(count);
            receiver.receive(count);
            receiver.consume(count);
            sender.raise(receiver.grant() ?? 0);
            expect(sender.available).toBeGreaterThan(window * 0.75 - 1e-9);
          }
        },
      ),
    );
  },

  'refuses what goes too far and counts nothing of it'() {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.nat({ max: 5000 }),
        fc.integer({ min: 1 }),
        (window, part, beyond) => {
          const count = Math.min(part, window);
          const sender = new SendCredit(window);
          sender.spend(count);
          expect(sender.spend(window - count + beyond)).toBe(false);
          expect(sender.sent).toBe(count);
          expect(sender.raise(window)).toBe(false);

          const receiver = new ReceiveCredit(window);
          receiver.receive(count);
          expect(receiver.receive(window - count + beyond)).toBe(false);
          expect(receiver.consume(count + beyond)).toBe(false);
          expect([receiver.received, receiver.consumed]).toEqual([count, 0]);
        },
      ),
    );
  },
};
