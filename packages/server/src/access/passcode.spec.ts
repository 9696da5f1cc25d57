import { prepare } from '@filex/protocol/node';
import { expect, it } from 'vitest';
import { createPasscode } from './passcode.js';

it('a passcode is easy to type, and another one each time', () => {
  const made = Array.from({ length: 2000 }, () => createPasscode());
  for (const passcode of made) {
    expect(passcode).toMatch(/^[2-9a-km-np-z]{5}(-[2-9a-km-np-z]{5}){3}$/);
    expect(prepare(passcode)).toBe(passcode);
  }
  expect(new Set(made).size).toBe(made.length);
  // Each of the 32 letters at each of the 20 places, so a hundred bits.
  for (let place = 0; place < 23; place += 1)
    expect(new Set(made.map((passcode) => passcode[place])).size).toBe(place % 6 === 5 ? 1 : 32);
});
