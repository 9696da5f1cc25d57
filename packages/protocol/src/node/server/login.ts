import type { Verifier } from '../../auth/scram-keys.js';
import { FilexError } from '../../errors.js';
import {
  type Answer,
  ServerAuthentication,
  type ServerAuthenticationOptions,
} from '../auth/server-authentication.js';
import { Driver } from '../driver.js';
import type { Accounts } from '../types.js';
import type { LoginGuard } from './login-guard.js';

export interface LoginOptions extends ServerAuthenticationOptions {
  readonly logins: LoginGuard;
  /** The address, or the part of it that is counted together. */
  readonly group: string;
  /** When the handshake must have ended, by the clock of the driver. */
  readonly deadline: number;
}

/** The client is not even asked: it has reached a limit. */
interface Refusal {
  readonly step: 'refusal';
  readonly error: FilexError;
}

/** Part of a handshake that is left for its last words to arrive in. */
const LAST_WORDS = 0.05;

/** The login of one connection: authentication, and how often and how fast it may be tried. */
export class Login {
  readonly #options: LoginOptions;
  readonly #accounts: CheckedAccounts | undefined;
  readonly #authentication: ServerAuthentication;
  /** From then on, what the client says is a passcode that it tries. */
  #challenged = false;
  #stopWaiting: (() => void) | undefined;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#accounts = options.accounts && new CheckedAccounts(options.accounts);
    this.#authentication = new ServerAuthentication({ ...options, accounts: this.#accounts });
  }

  /** Takes one step of the client. Never rejects. */
  async take(mechanism: string | undefined, data: Uint8Array | undefined): Promise<Answer | Refusal> {
    const { logins, group } = this.#options;
    if (this.#challenged) return await this.#guess(mechanism, data);
    const banned = logins.refusal(group, Driver.now());
    if (banned !== undefined) return { step: 'refusal', error: banned };
    const answer = await this.#authentication.take(mechanism, data);
    if (answer.step === 'failure' && this.#accounts?.failed !== true) logins.fail(group, Driver.now());
    this.#challenged = answer.step === 'continue';
    return answer;
  }

  /** Nobody waits for an answer any more. */
  cancel(): void {
    this.#stopWaiting?.();
  }

  async #guess(mechanism: string | undefined, data: Uint8Array | undefined): Promise<Answer | Refusal> {
    const { logins, group, deadline } = this.#options;
    const now = Driver.now();
    const guess = logins.begin(group, now, deadline - (deadline - now) * LAST_WORDS);
    if (guess instanceof FilexError) return { step: 'refusal', error: guess };
    if (guess.at > now && !(await this.#until(guess.at))) {
      guess.end('unjudged', Driver.now());
      return { step: 'refusal', error: new FilexError('CONNECTION_LOST') };
    }
    const answer = await this.#authentication.take(mechanism, data);
    guess.end(answer.step === 'success' ? 'right' : 'wrong', Driver.now());
    if (answer.step !== 'success' || (await this.#accounts?.unchanged(answer.principal)) !== false)
      return answer;
    return {
      step: 'failure',
      user: answer.principal,
      reason: 'the account was changed or removed meanwhile',
    };
  }

  /** @returns false when it was cancelled. */
  #until(at: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(true), at - Driver.now());
      const settle = (waited: boolean): void => {
        clearTimeout(timer);
        this.#stopWaiting = undefined;
        resolve(waited);
      };
      this.#stopWaiting = () => settle(false);
    });
  }
}

/** Accounts as one login sees them: whether they could be read, and whether they are still as they were. */
class CheckedAccounts implements Accounts {
  readonly #accounts: Accounts;
  #given: Verifier | undefined;
  #failed = false;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  get iterations(): number {
    return this.#accounts.iterations;
  }

  get secret(): Uint8Array | undefined {
    return this.#accounts.secret;
  }

  /** It was this server that failed, not the client. */
  get failed(): boolean {
    return this.#failed;
  }

  async verifier(user: string): Promise<Verifier | undefined> {
    try {
      this.#given = await this.#accounts.verifier(user);
      return this.#given;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** A user may be removed, or get another passcode, between the two steps of a login: it was not connected then to be ended. */
  async unchanged(user: string): Promise<boolean> {
    try {
      const now = await this.#accounts.verifier(user);
      return now !== undefined && Buffer.from(now.storedKey).equals((this.#given as Verifier).storedKey);
    } catch {
      return false;
    }
  }
}
