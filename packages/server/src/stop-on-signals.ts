import { constants } from 'node:os';
import { bounds } from './bounds.js';
import type { FilexServer } from './create-server.js';

/** The part of a process that stopping depends on. */
export interface SignalSource {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: 'SIGTERM' | 'SIGINT') => void): unknown;
  removeListener(signal: 'SIGTERM' | 'SIGINT', listener: (signal: 'SIGTERM' | 'SIGINT') => void): unknown;
}

/** A server, or several processes that are one. */
export interface Stoppable extends Pick<FilexServer, 'shutdown' | 'destroy'> {
  /** How many there are now; undefined when that is not known. */
  readonly connections: number | undefined;
}

/** How a server ended. */
export interface Stopped {
  readonly exitCode: number;
  /** Whether something may still run, so that the process must be ended for it. */
  readonly forced: boolean;
}

/**
 * Resolves when the server was stopped by signals: the first lets everything that runs come to its end (exit code 0), a
 * second one ends it (130 after SIGINT, 143 after SIGTERM, as a shell has it), and waits a moment for the cleaning up.
 */
export async function stopOnSignals(
  server: Stoppable,
  source: SignalSource,
  say: (message: string) => void,
): Promise<Stopped> {
  const signals = new Signals(source);
  try {
    await signals.next();
    const { connections } = server;
    const count =
      connections === undefined
        ? 'what runs'
        : connections === 1
          ? '1 connection'
          : `${connections} connections`;
    say(connections === 0 ? 'stopping' : `stopping: waiting for ${count}; once more forces it`);
    const drained = server.shutdown();
    const second = signals.next();
    const signal = await Promise.race([drained, second]);
    if (signal === undefined) return { exitCode: 0, forced: false };
    say('stopping now');
    // What is destroyed ends the draining too, so its end does not matter any more; its failure is told by `destroy`.
    drained.catch(() => undefined);
    await Promise.race([server.destroy(), after(bounds.forcedStop)]);
    return { exitCode: 128 + constants.signals[signal], forced: true };
  } finally {
    signals.close();
  }
}

/** Signals as they come, none lost in between. */
class Signals {
  readonly #source: SignalSource;
  readonly #came: ('SIGTERM' | 'SIGINT')[] = [];
  #waiting: ((signal: 'SIGTERM' | 'SIGINT') => void) | undefined;

  constructor(source: SignalSource) {
    this.#source = source;
    source.on('SIGTERM', this.#take);
    source.on('SIGINT', this.#take);
  }

  next(): Promise<'SIGTERM' | 'SIGINT'> {
    const came = this.#came.shift();
    if (came !== undefined) return Promise.resolve(came);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  close(): void {
    this.#source.removeListener('SIGTERM', this.#take);
    this.#source.removeListener('SIGINT', this.#take);
  }

  readonly #take = (signal: 'SIGTERM' | 'SIGINT'): void => {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#came.push(signal);
    else waiting(signal);
  };
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
