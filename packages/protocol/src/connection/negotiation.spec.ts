import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greasedHello } from '../testing/peer.js';
import { commonDigests, tooLow } from './negotiation.js';

describe('negotiation', () => {
  it('takes the first of the client that the server has and this version knows', () => {
    expect(commonDigests([2, 1], [1, 2])).toEqual(['blake3', 'sha256']);
    expect(commonDigests([1, 2], [2, 1])).toEqual(['sha256', 'blake3']);
    expect(commonDigests([99, 0, 1, 1], [99, 0, 1])).toEqual(['sha256']);
    expect(commonDigests([2], [1])).toEqual([]);
    expect(commonDigests([], [1])).toEqual([]);
  });

  it('finds on both ends the same, whatever is offered', () => {
    const offer = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(offer, offer, (client, server) => {
        const common = commonDigests(client, server);
        const known = ['sha256', 'blake3'].filter(
          (_name, i) => client.includes(i + 1) && server.includes(i + 1),
        );
        expect([...common].sort()).toEqual(known.sort());
        const first = client.find((each) => (each === 1 || each === 2) && server.includes(each));
        expect(common[0]).toBe(first === undefined ? undefined : ['', 'sha256', 'blake3'][first]);
      }),
    );
  });

  it('names the limit that is too low to work with', () => {
    expect(tooLow(greasedHello)).toBeUndefined();
    expect(tooLow({ ...greasedHello, maxDataPayload: 1 })).toBe('maxDataPayload 1');
    expect(tooLow({ ...greasedHello, maxStreams: 0 })).toBe('maxStreams 0');
    expect(tooLow({ ...greasedHello, streamWindow: 2 })).toBe('streamWindow 2');
    expect(tooLow({ ...greasedHello, connectionWindow: 3 })).toBe('connectionWindow 3');
  });
});
