import { describe, expect, it } from 'vitest';
import { creditProperties } from '../testing/properties/credit.js';
import { ReceiveCredit, SendCredit } from './credit.js';

describe('credit', () => {
  for (const [property, check] of Object.entries(creditProperties)) it(property, check);

  it('is granted in parts worth a frame, and for what was consumed, not for what came', () => {
    const credit = new ReceiveCredit(1000);
    credit.receive(1000);
    expect(credit.grant()).toBeUndefined();
    credit.consume(249);
    expect(credit.grant()).toBeUndefined();
    credit.consume(1);
    expect(credit.grant()).toBe(1250);
    expect(credit.grant()).toBeUndefined();
    credit.setWindow(2000);
    expect(credit.window).toBe(2000);
    expect(credit.grant()).toBe(2250);
  });

  it('that a narrower window would take back stays', () => {
    const credit = new ReceiveCredit(1000);
    credit.setWindow(10);
    credit.receive(500);
    credit.consume(500);
    expect(credit.grant()).toBeUndefined();
    expect(credit.limit).toBe(1000);
  });

  it('tells the sender whether a limit is news', () => {
    const credit = new SendCredit(10);
    expect(credit.raise(11)).toBe(true);
    expect(credit.raise(11)).toBe(false);
    expect(credit.spend(4)).toBe(true);
    expect([credit.sent, credit.limit, credit.available]).toEqual([4, 11, 7]);
  });

  it('counts apart what nobody has read, and what was read but is kept back', () => {
    const credit = new ReceiveCredit(1000);
    credit.receive(300);
    expect([credit.available, credit.unconsumed, credit.unread]).toEqual([700, 300, 300]);
    credit.withhold(100);
    expect([credit.unconsumed, credit.unread]).toEqual([300, 200]);
    // What was read first is consumed first.
    credit.consume(40);
    expect([credit.unconsumed, credit.unread]).toEqual([260, 200]);
    credit.consume(160);
    expect([credit.unconsumed, credit.unread]).toEqual([100, 100]);
    credit.withhold(500);
    expect(credit.unread).toBe(0);
  });

  it('may be granted beyond the window', () => {
    const credit = new ReceiveCredit(1000);
    expect(credit.grant(249)).toBeUndefined();
    expect(credit.grant(250)).toBe(1250);
    expect(credit.limit).toBe(1250);
    // And that counts for what comes next.
    credit.receive(500);
    credit.consume(499);
    expect(credit.grant()).toBeUndefined();
    credit.consume(1);
    expect(credit.grant()).toBe(1500);
  });
});
