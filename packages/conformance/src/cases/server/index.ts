import type { ServerTrial } from '../../session/server-trial.js';
import type { Case } from '../../suite/case.js';
import { chapter18 } from './chapter-18.js';

/** Every case for a server under test, by chapter. */
export const serverCases: readonly Case<ServerTrial>[] = [...chapter18];
