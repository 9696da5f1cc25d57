import { describe, expect, it } from 'vitest';
import { turns } from './testing/deferred.js';
import { UnderWay } from './under-way.js';

describe('what is under way', () => {
  it('is waited for until nothing is, even what begins meanwhile', async () => {
    const running = new UnderWay();
    await running.idle();
    running.begin();
    running.begin();
    let isIdle = false;
    const idle = running.idle().then(() => {
      isIdle = true;
    });
    running.end();
    await turns();
    expect(isIdle).toBe(false);
    running.end();
    running.begin();
    await turns();
    expect(isIdle).toBe(false);
    running.end();
    await idle;
  });
});
