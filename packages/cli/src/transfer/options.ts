import type { ConflictPolicy, FilexUrl } from '@filex/protocol';
import type { Matcher } from '../tree/match.js';
import type { TransferMemory } from './memory.js';

/** What holds for all files of one command. */
export interface TransferOptions {
  readonly ifExists: ConflictPolicy;
  /** Files on their way at once. */
  readonly transfers: number;
  /** Whether files that were downloaded survive a power cut. */
  readonly durable: boolean;
  readonly matcher: Matcher;
  readonly signal: AbortSignal;
  /** The server. */
  readonly url: FilexUrl;
  /** Loads what remembers large files; only asked for when there is one. */
  readonly memory: () => Promise<TransferMemory>;
}
