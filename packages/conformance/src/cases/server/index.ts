import type { ServerTrial } from '../../session/server-trial.js';
import type { Case } from '../../suite/case.js';
import { chapter02 } from './chapter-02.js';
import { chapter03 } from './chapter-03.js';
import { chapter04 } from './chapter-04.js';
import { chapter05 } from './chapter-05.js';
import { chapter06 } from './chapter-06.js';
import { chapter07 } from './chapter-07.js';
import { chapter18 } from './chapter-18.js';

/** Every case for a server under test, by chapter. */
export const serverCases: readonly Case<ServerTrial>[] = [
  ...chapter02,
  ...chapter03,
  ...chapter04,
  ...chapter05,
  ...chapter06,
  ...chapter07,
  ...chapter18,
];
