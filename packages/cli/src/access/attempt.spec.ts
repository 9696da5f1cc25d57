import { parseUrl } from '@filex/protocol';
import type { ServerIdentity } from '@filex/protocol/node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Attempt } from './attempt.js';

const shown = fc.record({
  name: fc.constant('nas:12345'),
  fingerprint: fc.constantFrom('sha256:A', 'sha256:B', 'sha256:C'),
  authorized: fc.boolean(),
  reason: fc.constant(undefined),
});
const codeOf = (attempt: Attempt, identity: ServerIdentity): string => {
  try {
    attempt.verify(identity);
    return 'OK';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

it('at a reconnect it asks nobody, takes no key that was not good at the first connection, and says that it has changed', () => {
  fc.assert(
    fc.property(
      fc.subarray(['sha256:A', 'sha256:B']),
      fc.boolean(),
      shown,
      shown,
      (keys, mayAsk, first, later) => {
        const known = keys.length === 0 ? undefined : { fingerprints: keys, lines: [1] };
        const options = {
          known,
          file: 'f',
          accepted: undefined,
          authorized: false,
          hasPasscode: true,
          mayAsk,
        };
        const attempt = new Attempt(parseUrl('filex://nas'), options);
        fc.pre(codeOf(attempt, first) === 'OK');
        attempt.settle(first);
        const isGood =
          later.fingerprint === first.fingerprint ||
          keys.includes(later.fingerprint) ||
          (keys.length === 0 && later.authorized);
        expect(codeOf(attempt, later)).toBe(isGood ? 'OK' : 'IDENTITY_CHANGED');
        expect(attempt.pending).toBeUndefined();
      },
    ),
  );
});
