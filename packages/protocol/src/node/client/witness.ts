import { type Code, codes } from '../../codes.js';
import type { FilexError } from '../../errors.js';
import type { StreamEvent, StreamListener } from '../driver.js';
import type { ClientContext } from './context.js';
import { isPassing } from './retry.js';

/** Sees one attempt at an operation from beside: how far it comes, and what ends it. */
export class Witness {
  readonly #onPosition: (position: number) => void;
  readonly #onAnswer: () => void;
  /** Whether the connection ended before the answer came, or before anything was asked. */
  lost = false;
  #position = 0;
  #answer: { readonly code: Code; readonly retry: boolean } | undefined;

  /**
   * @param onPosition told how much of a file or listing one of the ends has now: bytes or entries.
   * @param onAnswer told that the server has answered, with whatever.
   */
  constructor(onPosition: (position: number) => void, onAnswer: () => void) {
    this.#onPosition = onPosition;
    this.#onAnswer = onAnswer;
  }

  /** Whether it was the server that failed with this, and says that it may be over soon. */
  saw(error: FilexError): boolean {
    return this.#answer?.retry === true && this.#answer.code === error.code;
  }

  /** Whether the server said so. */
  heard(code: Code): boolean {
    return this.#answer?.code === code;
  }

  /** The same context, whose streams are seen. */
  watch(context: ClientContext): ClientContext {
    return {
      ...context,
      open: async (request, listener, signal) => {
        try {
          return await context.open(request, (stream) => this.#seen(listener(stream)), signal);
        } catch (error) {
          if (signal?.aborted !== true) this.lost = true;
          throw error;
        }
      },
      openNow: (request, listener) => context.openNow(request, (stream) => this.#seen(listener(stream))),
    };
  }

  #seen(listener: StreamListener): StreamListener {
    return {
      onEvent: (event) => {
        this.#onEvent(event);
        listener.onEvent(event);
      },
      onData:
        listener.onData === undefined
          ? undefined
          : (arrival) => {
              this.#moveTo(this.#position + arrival.bytes.length);
              listener.onData?.(arrival);
            },
      onLost: (error, unseen) => {
        this.lost = true;
        listener.onLost(error, unseen);
      },
    };
  }

  #onEvent(event: StreamEvent): void {
    if (event.type === 'accept') this.#moveTo(event.accept.offset);
    else if (event.type === 'ack') this.#moveTo(event.offset);
    else if (event.type === 'entries') this.#moveTo(this.#position + event.entries.length);
    else if (event.type === 'reset') this.#answered(event.code, codes[event.code].retry);
    else if (event.type === 'result') this.#answered(event.result.status, event.result.retry === true);
  }

  #moveTo(position: number): void {
    this.#position = position;
    this.#onPosition(position);
  }

  #answered(code: Code, retry: boolean): void {
    this.#answer = { code, retry };
    // That it goes away is no answer to what was asked.
    if (!isPassing(code)) this.#onAnswer();
  }
}
