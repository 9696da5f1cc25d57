import { bounds } from '../bounds.js';
import type { Logger } from './log.js';

/** Tells the logger that audit lines cannot be written: once a minute at most, and when it is over. */
export class AuditTrouble {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #where: string | undefined;
  #toldAt: number | undefined;

  constructor(logger: Logger, now: () => number, where: string | undefined) {
    this.#logger = logger;
    this.#now = now;
    this.#where = where;
  }

  /** What is wrong, or still is. */
  tell(err: Error): void {
    const now = this.#now();
    if (this.#toldAt !== undefined && now - this.#toldAt < bounds.auditComplaint) return;
    this.#toldAt = now;
    this.#logger.error({ file: this.#where, err }, 'cannot write the audit log');
  }

  /** It can be written again; `lost` lines never will be. */
  over(lost: number): void {
    if (this.#toldAt === undefined) return;
    this.#toldAt = undefined;
    this.#logger.warn({ file: this.#where, lost }, 'the audit log is written again');
  }
}
