import { prepared } from './preparation.js';
import { saltedPasscode } from './scram.js';

/** A user and the passcode. What was derived from it is kept, since it is needed once for each connection of a run. */
export class Credentials {
  readonly user: string;
  readonly passcode: string;
  readonly #salted = new Map<string, Buffer>();

  constructor(user: string, passcode: string) {
    this.user = user;
    this.passcode = passcode;
  }

  /** Whether both can be used at all. */
  get usable(): boolean {
    return prepared(this.user) !== undefined && prepared(this.passcode) !== undefined;
  }

  /** The name as it is used. @throws Error when it has characters that no name has. */
  get name(): string {
    return used('user name', this.user);
  }

  /** The same for a passcode. */
  salted(salt: Buffer, iterations: number): Buffer {
    const key = `${iterations} ${salt.toString('base64')}`;
    const known = this.#salted.get(key);
    if (known !== undefined) return known;
    const fresh = saltedPasscode(used('passcode', this.passcode), salt, iterations);
    this.#salted.set(key, fresh);
    return fresh;
  }
}

function used(what: string, text: string): string {
  const plain = prepared(text);
  if (plain === undefined)
    throw new Error(`the ${what} is empty or has characters that are refused (FX-6.4-6)`);
  return plain;
}
