import type { FirstUser } from '../state/first-user.js';
import type { SignalSource } from '../stop-on-signals.js';
import type { Reached } from './messages.js';

/** What the processes of one server see of what is around them. */
export interface WorkersSurroundings {
  readonly signals: SignalSource;
  complain(message: string): void;
  /** Says, once, that the server listens. */
  announce(reached: Reached, firstUser: FirstUser | undefined): void;
}
