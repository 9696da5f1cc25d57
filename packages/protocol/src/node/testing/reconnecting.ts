import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { onTestFinished } from 'vitest';
import { BLOCK_SIZE } from '../../wire/digest.js';
import { connect } from '../connect.js';
import type { ConnectOptions, ReconnectOptions, SessionState } from '../types.js';
import { Cable } from './cable.js';
import { content, type Rig } from './rig.js';

/** Waits that are none. */
export const fast = { minDelay: 0, maxDelay: 1 } as const;
/** A few blocks. */
export const large = content(5 * BLOCK_SIZE);

/** A folder that goes with the test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'filex-reconnect-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A session over a cable, and what it says of its state. */
export async function over(rig: Rig, reconnect: ReconnectOptions = fast, options: ConnectOptions = {}) {
  const cable = await Cable.start(rig.port);
  const states: SessionState[] = [];
  const session = await connect(cable.url, {
    ...options,
    reconnect: {
      ...reconnect,
      onState: (state) => {
        states.push(state);
        reconnect.onState?.(state);
      },
    },
  });
  onTestFinished(() => session.destroy());
  return { cable, session, states };
}

/** Where a part of `large` begins and how long it is; mostly a few blocks. */
export const part = fc.record({
  from: fc.nat(1000),
  length: fc.oneof(
    fc.nat(4.5 * BLOCK_SIZE),
    fc.nat(3).map((n) => n * BLOCK_SIZE),
  ),
});

export const partOf = ({ from, length }: { from: number; length: number }): Buffer =>
  large.subarray(from, from + length);

/** Where each connection is cut, one after the other; the next ones are not. */
export const cuts = (direction: 'up' | 'down') =>
  fc.array(
    fc.record({
      direction: fc.oneof({ weight: 4, arbitrary: fc.constant(direction) }, fc.constantFrom('up', 'down')),
      // The handshake has about three hundred bytes.
      bytes: fc.oneof(fc.nat(2.5 * BLOCK_SIZE), fc.nat(1500)),
    }),
    { maxLength: 5 },
  );

/** Cuts each connection where the plan says, and those after it nowhere. */
export function cutAsPlanned(
  cable: Cable,
  plan: readonly { readonly direction: string; readonly bytes: number }[],
): void {
  let next = 0;
  const cutNext = (): void => {
    const { direction, bytes } = plan[next] ?? { direction: 'up', bytes: Number.POSITIVE_INFINITY };
    next += 1;
    cable.cutAfter('up', direction === 'up' ? bytes : Number.POSITIVE_INFINITY);
    cable.cutAfter('down', direction === 'down' ? bytes : Number.POSITIVE_INFINITY);
  };
  cutNext();
  cable.onJoin = cutNext;
}
