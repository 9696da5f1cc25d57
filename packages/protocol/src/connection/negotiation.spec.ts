import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greasedHello } from '../testing/peer.js';
import { chooseDigest, tooLow } from './negotiation.js';

describe('negotiation', () => {
  it('takes the first of the client that the server has and this version knows', () => {
    expect(chooseDigest([2, 1], [1, 2])).toBe('blake3');
    expect(chooseDigest([1, 2], [2, 1])).toBe('sha256');
    expect(chooseDigest([99, 0, 1], [99, 0, 1])).toBe('sha256');
    expect(chooseDigest([2], [1])).toBeUndefined();
    expect(chooseDigest([], [1])).toBeUndefined();
  });

  it('finds on both ends the same, whatever is offered', () => {
    const offer = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(offer, offer, (client, server) => {
        const chosen = chooseDigest(client, server);
        const known = ['sha256', 'blake3'].filter(
          (_name, i) => client.includes(i + 1) && server.includes(i + 1),
        );
        if (chosen === undefined) expect(known).toEqual([]);
        else expect(known).toContain(chosen);
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
