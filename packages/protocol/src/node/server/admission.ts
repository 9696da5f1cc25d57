import type { FilexError } from '../../errors.js';
import type { CreditBudget } from './credit-budget.js';
import { FairShare } from './fair-share.js';
import { limitError } from './limit-error.js';
import type { LoginGuard } from './login-guard.js';
import { RankedKeys } from './ranked-keys.js';
import type { ServerLimits } from './server-limits.js';

/** Whom a connection comes from. */
export interface Visitor {
  /** The address, or the part of it that is counted together. */
  readonly group: string;
}

type Stage = 'handshake' | 'admitted';

export interface AdmissionOptions {
  readonly limits: Pick<ServerLimits, 'maxConnections' | 'maxConnectionsPerAddress' | 'maxHandshakes'>;
  readonly logins: Pick<LoginGuard, 'refusal'>;
  readonly budget: Pick<CreditBudget, 'take'>;
  /** Bytes of credit that a connection starts with. */
  readonly firstCredit: number;
}

/**
 * Who is in and who may come in. Connections that are not logged in have a number of their own: they take no place, and no credit,
 * from those that are.
 */
export class Admission<V extends Visitor> {
  readonly #options: AdmissionOptions;
  readonly #stages = new Map<V, Stage>();
  readonly #handshakes: FairShare<V>;
  readonly #perAddress = new RankedKeys();
  #admitted = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#handshakes = new FairShare(options.limits.maxHandshakes);
  }

  /** How many are in, logged in or not. */
  get size(): number {
    return this.#stages.size;
  }

  /**
   * A connection was accepted.
   * @returns why it is not taken; otherwise who has to {@link leave} for it.
   */
  arrive(
    visitor: V,
    now: number,
  ): { readonly refusal?: FilexError | undefined; readonly dropped?: V | undefined } {
    const refusal = this.#refusal(visitor.group, now);
    if (refusal !== undefined) return { refusal };
    this.#stages.set(visitor, 'handshake');
    this.#count(visitor, 1);
    return { dropped: this.#handshakes.add(visitor.group, visitor) };
  }

  /** It has logged in. @returns why that is no use. */
  admit(visitor: V): FilexError | undefined {
    const { budget, firstCredit } = this.#options;
    const full = this.#full();
    if (full !== undefined) return full;
    if (!budget.take(firstCredit)) {
      const words = 'this server has promised all the memory it has for connections';
      return limitError('creditBudget', 'TOO_MANY_CONNECTIONS', words);
    }
    this.#handshakes.delete(visitor.group, visitor);
    this.#stages.set(visitor, 'admitted');
    this.#admitted += 1;
    return undefined;
  }

  /** Nothing is left of it, or soon. */
  leave(visitor: V): void {
    const stage = this.#stages.get(visitor);
    if (stage === undefined) return;
    this.#stages.delete(visitor);
    this.#count(visitor, -1);
    if (stage === 'admitted') this.#admitted -= 1;
    else this.#handshakes.delete(visitor.group, visitor);
  }

  /** What somebody is told who had to go for another. */
  get dropped(): FilexError {
    const { maxHandshakes } = this.#options.limits;
    const words = `${maxHandshakes} connections are about to log in, most of them from this address`;
    return limitError('maxHandshakes', 'TOO_MANY_CONNECTIONS', words);
  }

  #refusal(group: string, now: number): FilexError | undefined {
    const { limits, logins } = this.#options;
    const banned = logins.refusal(group, now);
    if (banned !== undefined) return banned;
    if (this.#perAddress.rank(group) >= limits.maxConnectionsPerAddress) {
      const words = `this server takes ${limits.maxConnectionsPerAddress} connections of one address at once`;
      return limitError('maxConnectionsPerAddress', 'TOO_MANY_CONNECTIONS', words);
    }
    return this.#full();
  }

  #full(): FilexError | undefined {
    const { maxConnections } = this.#options.limits;
    if (this.#admitted < maxConnections) return undefined;
    const words = `this server takes ${maxConnections} connections at once`;
    return limitError('maxConnections', 'TOO_MANY_CONNECTIONS', words);
  }

  #count({ group }: V, more: 1 | -1): void {
    this.#perAddress.setRank(group, this.#perAddress.rank(group) + more);
  }
}
