import type { ConflictPolicy } from '@filex/protocol';
import type { Matcher } from '../tree/match.js';

/** What holds for all files of one command. */
export interface TransferOptions {
  readonly ifExists: ConflictPolicy;
  /** Files on their way at once. */
  readonly transfers: number;
  readonly matcher: Matcher;
  readonly signal: AbortSignal;
}
