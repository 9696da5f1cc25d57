import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Handshakes } from './handshakes.js';

interface Shake {
  readonly address: string;
}

describe('handshakes under way', () => {
  it('are never more than allowed, and who goes is the oldest of the address that has the most', () => {
    const step = fc.record({ address: fc.constantFrom('a', 'b', 'c'), done: fc.option(fc.nat()) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (max, steps) => {
        const handshakes = new Handshakes<Shake>(max);
        let model: Shake[] = [];
        const count = (address: string): number => model.filter((each) => each.address === address).length;
        for (const { address, done } of steps) {
          if (done !== null && model.length > 0) {
            const ended = model[done % model.length] as Shake;
            handshakes.delete(ended.address, ended);
            model = model.filter((each) => each !== ended);
          }
          const shake = { address };
          model.push(shake);
          const dropped = handshakes.add(address, shake);
          expect(dropped === undefined).toBe(model.length <= max);
          if (dropped !== undefined) {
            const most = Math.max(...model.map((each) => count(each.address)));
            expect(count(dropped.address)).toBe(most);
            expect(model.find((each) => each.address === dropped.address)).toBe(dropped);
            model = model.filter((each) => each !== dropped);
          }
          expect(handshakes.size).toBe(model.length);
        }
      }),
    );
  });

  it('of one address keep nobody else out', () => {
    const handshakes = new Handshakes<Shake>(4);
    for (let i = 0; i < 10; i += 1) handshakes.add('greedy', { address: 'greedy' });
    for (const address of ['a', 'b', 'c'])
      expect(handshakes.add(address, { address })).toEqual({ address: 'greedy' });
    // Then everybody has one, and one of those that were there before has to go.
    for (const address of ['d', 'e']) expect(handshakes.add(address, { address })?.address).not.toBe(address);
  });

  it('that have ended are forgotten once', () => {
    const handshakes = new Handshakes<Shake>(2);
    const shake = { address: 'a' };
    handshakes.add('a', shake);
    handshakes.delete('a', shake);
    handshakes.delete('a', shake);
    expect(handshakes.size).toBe(0);
  });
});
