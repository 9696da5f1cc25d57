import { describe, expect, it } from 'vitest';
import { creditProperties } from '../testing/properties/credit.js';
import { ReceiveCredit } from './credit.js';

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
});
