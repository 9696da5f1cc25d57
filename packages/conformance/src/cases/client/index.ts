import type { Case } from '../../suite/case.js';

/** Every case for a client under test. */
export const clientCases: readonly Case<never>[] = [];
