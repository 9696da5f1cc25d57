import { FilexError } from '../../errors.js';
import type { StreamEvent, StreamListener } from '../driver.js';
import type { EndSignal } from './end-signal.js';

/** Listens for an operation, and tells its handler when nobody waits for the result any more. */
export class EndingListener implements StreamListener {
  readonly onData: StreamListener['onData'];
  readonly #operation: StreamListener;
  readonly #end: EndSignal;

  constructor(operation: StreamListener, end: EndSignal) {
    this.#operation = operation;
    this.#end = end;
    // Without it, what comes is dropped.
    this.onData = operation.onData === undefined ? undefined : (arrival) => void operation.onData?.(arrival);
  }

  onEvent(event: StreamEvent): void {
    if (event.type === 'reset') this.#end.abort(new FilexError('CANCELLED'));
    this.#operation.onEvent(event);
  }

  onLost(error: FilexError, unseen: boolean): void {
    this.#end.abort(error);
    this.#operation.onLost(error, unseen);
  }
}
