import type { ServerTrial } from '../../session/server-trial.js';
import type { Case } from '../../suite/case.js';
import { chapter02 } from './chapter-02.js';
import { chapter03 } from './chapter-03.js';
import { chapter04 } from './chapter-04.js';
import { chapter05 } from './chapter-05.js';
import { chapter06 } from './chapter-06.js';
import { chapter06Scram } from './chapter-06-scram.js';
import { chapter07 } from './chapter-07.js';
import { chapter08 } from './chapter-08.js';
import { chapter08Receipts } from './chapter-08-receipts.js';
import { chapter09 } from './chapter-09.js';
import { chapter10 } from './chapter-10.js';
import { chapter11 } from './chapter-11.js';
import { chapter12 } from './chapter-12.js';
import { chapter13 } from './chapter-13.js';
import { chapter15 } from './chapter-15.js';
import { chapter17 } from './chapter-17.js';
import { chapter18 } from './chapter-18.js';
import { chapter19 } from './chapter-19.js';

/** Every case for a server under test, by chapter. */
export const serverCases: readonly Case<ServerTrial>[] = [
  ...chapter02,
  ...chapter03,
  ...chapter04,
  ...chapter05,
  ...chapter06,
  ...chapter06Scram,
  ...chapter07,
  ...chapter08,
  ...chapter08Receipts,
  ...chapter09,
  ...chapter10,
  ...chapter11,
  ...chapter12,
  ...chapter13,
  ...chapter15,
  ...chapter17,
  ...chapter18,
  ...chapter19,
];
