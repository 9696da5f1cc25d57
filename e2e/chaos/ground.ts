import { join } from 'node:path';
import { folderIn } from '../harness/temporary.js';
import type { Ledger } from './ledger.js';

/** A served folder, with what the server keeps elsewhere. It outlives a round, as a served folder does. */
export interface Ground {
  readonly folder: string;
  readonly state: string;
  readonly ledger: Ledger;
}

export function groundIn(base: string, ledger: Ledger): Ground {
  const folder = folderIn(base, 'served');
  ledger.watch(folder);
  return { folder, state: join(base, 'state'), ledger };
}
