import { type Effect, FilexError } from '../../errors.js';
import type { ClientContext } from './context.js';
import type { Repeatable } from './tries.js';

/** A call that can be asked again when its answer was lost. */
export class RepeatedCall<T> implements Repeatable<T> {
  readonly #ask: (context: ClientContext, before: Effect) => Promise<T>;
  readonly #canRepeat: (error: FilexError) => boolean;
  #effect: Effect = 'none';

  /**
   * @param ask makes one attempt; `before` is what may have come of those before it.
   * @param canRepeat whether to ask again after this failure. Default: yes.
   */
  constructor(
    ask: (context: ClientContext, before: Effect) => Promise<T>,
    canRepeat: (error: FilexError) => boolean = () => true,
  ) {
    this.#ask = ask;
    this.#canRepeat = canRepeat;
  }

  get effect(): Effect {
    return this.#effect;
  }

  canRepeat(error: FilexError): boolean {
    return this.#canRepeat(error);
  }

  async attempt(context: ClientContext): Promise<T> {
    try {
      return await this.#ask(context, this.#effect);
    } catch (error) {
      const { effect } = FilexError.from(error);
      if (effect !== 'none') this.#effect = effect;
      throw error;
    }
  }
}
