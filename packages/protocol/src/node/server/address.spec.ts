import * as net from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressGroup, isLoopback, readableAddress } from './address.js';

const word = fc.integer({ min: 0, max: 0xffff });
const words = fc.array(word, { minLength: 8, maxLength: 8 });
const text = (all: readonly number[]): string => all.map((each) => each.toString(16)).join(':');

/** The same address as others write it: the first run of zeros left out. */
function short(all: readonly number[]): string {
  const from = all.indexOf(0);
  if (from < 0) return text(all);
  let to = from;
  while (all[to] === 0) to += 1;
  return `${text(all.slice(0, from))}::${text(all.slice(to))}`;
}

describe('the group of an address', () => {
  it('is the first 64 bits of IPv6, however it is written', () => {
    const often0 = fc.array(fc.oneof(word, fc.constant(0)), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(often0, words, (one, other) => {
        const same = [...one.slice(0, 4), ...other.slice(4)];
        expect(net.isIPv6(short(one))).toBe(true);
        expect(addressGroup(short(one))).toBe(`${text(one.slice(0, 4))}::/64`);
        expect(addressGroup(short(same))).toBe(addressGroup(text(one)));
      }),
    );
  });

  it('is another for other 64 bits', () => {
    fc.assert(
      fc.property(words, fc.nat(3), fc.integer({ min: 1, max: 0xffff }), (one, at, change) => {
        const other = one.map((each, i) => (i === at ? each ^ change : each));
        expect(addressGroup(text(other))).not.toBe(addressGroup(text(one)));
      }),
    );
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64%eth0'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['2001:DB8::', '2001:db8:0:0::/64'],
    ['', ''],
  ])('of %j is %j', (address, group) => {
    expect(addressGroup(address)).toBe(group);
  });
});

it.each([
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:evil', '::ffff:evil'],
  ['2001:db8::1', '2001:db8::1'],
])('%s reads %s', (address, readable) => {
  expect(readableAddress(address)).toBe(readable);
});

it.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['192.0.2.2', false],
  ['::ffff:192.0.2.2', false],
  ['fe80::1', false],
  ['127.evil.example', false],
  ['1127.0.0.1', false],
  ['::', false],
  ['', false],
])('%s is this machine: %s', (address, own) => {
  expect(isLoopback(address)).toBe(own);
});
