import { describe, expect, test } from 'vitest';
import { shared } from '../../harness/clean-up.js';
import { Arena, type ArenaOptions } from './arena.js';
import { type Attack, unfit } from './attack.js';
import { runAttack } from './run-attack.js';

/** Attacks on one server, started with what they need. */
export interface Suite {
  readonly title: string;
  readonly options: ArenaOptions;
  readonly attacks: readonly Attack[];
}

/** A test for each attack, one after the other; what each went through is told to the table. */
export function defineSuite({ title, options, attacks }: Suite): void {
  describe.skipIf(unfit !== undefined)(title, () => {
    const arena = shared(() => Arena.start(options));
    for (const attack of attacks) {
      test(`${attack.id} (${attack.class}): ${attack.what}`, async ({ task, skip }) => {
        const row = await runAttack(arena(), attack);
        task.meta.attack = row;
        expect(row.faults).toEqual([]);
        if (row.skipped !== undefined) skip(row.skipped);
      });
    }
  });
}
