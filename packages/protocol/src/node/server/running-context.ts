import type { OperationContext, Peer } from '../types.js';
import type { EndSignal } from './end-signal.js';

/** What a handler is told of who asks. A class, since an object with a getter of its own has a hidden class of its own, each. */
export class RunningContext implements OperationContext {
  readonly peer: Peer;
  readonly operationId: string;
  readonly #end: EndSignal;

  constructor(peer: Peer, operationId: string, end: EndSignal) {
    this.peer = peer;
    this.operationId = operationId;
    this.#end = end;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }
}
