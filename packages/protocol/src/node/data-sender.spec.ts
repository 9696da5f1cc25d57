import { expect, it } from 'vitest';
import { DataSender } from './data-sender.js';
import { sha256Provider } from './digests.js';
import type { Driver } from './driver.js';
import { IterableSource } from './pieces.js';

it('waits for credit only once everything it has written has left', async () => {
  const figures = { queued: 1000, inFlight: 1000, credit: true };
  const driver = {
    get queued() {
      return figures.queued;
    },
    get inFlight() {
      return figures.inFlight;
    },
    lacksCredit: () => !figures.credit,
    requestRoom: (_stream: number, _least: number, use: (room: number) => void) => use(400),
    onSent: (release: () => void) => release(),
    connection: {
      maxDataPayload: 1000,
      write: (_stream: number, bytes: Uint8Array) => {
        figures.queued += bytes.length;
        figures.inFlight += bytes.length;
      },
    },
  } as unknown as Driver;
  const sender = new DataSender(driver, 1, sha256Provider.create, () => undefined);
  expect(await sender.run(new IterableSource([new Uint8Array(1000)]), undefined)).toMatchObject({
    length: 1000,
  });
  expect(sender.written).toBe(1000);
  figures.credit = false;
  expect(sender.waitsForCredit).toBe(false);
  // Others write, too, and what is not ours need not have left.
  figures.queued += 50;
  figures.inFlight = 51;
  expect(sender.waitsForCredit).toBe(false);
  figures.inFlight = 50;
  expect(sender.waitsForCredit).toBe(true);
  figures.credit = true;
  expect(sender.waitsForCredit).toBe(false);
});
