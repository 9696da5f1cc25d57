import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { cleanUp } from '../../harness/clean-up.js';
import { environment } from '../../harness/environment.js';

/** Milliseconds that honest clients may take for what they are asked. */
const PATIENCE = 60_000;

export interface HonestOptions {
  /** Addresses to upload to and to download from. */
  readonly up: string;
  readonly down: string;
  readonly passcode: string | undefined;
  /** The served folder, where what was uploaded is looked at. */
  readonly served: string;
}

/** What honest transfers went through during one attack. */
export interface Held {
  /** Bytes that they have moved. */
  readonly bytes: number;
  /** The longest that one of them had to wait for its next piece, in milliseconds. */
  readonly gap: number;
}

interface Answer {
  readonly type: string;
  readonly id?: number;
  readonly message?: string;
  readonly fault?: string;
  readonly bytes?: number;
  readonly gap?: number;
  readonly mark?: readonly number[];
  readonly milliseconds?: number;
}

/** A process of honest clients of one server: see honest.mjs. */
export class HonestClients {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #faults: string[] = [];
  #count = 0;
  #stopping = false;
  #mark: readonly number[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => {
      if (answer.type === 'fault') this.#fail(answer.message ?? 'unknown');
      else this.#waiting.get(answer.id ?? -1)?.(answer);
    });
    child.once('exit', (code, signal) => {
      if (!this.#stopping) this.#fail(`the honest clients ended: ${signal ?? code}`);
    });
  }

  static async start(options: HonestOptions): Promise<HonestClients> {
    const program = join(import.meta.dirname, 'honest.mjs');
    const child = fork(program, [JSON.stringify(options)], { env: environment(), execArgv: [] });
    cleanUp(async () => {
      honest.#stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGKILL');
      await gone;
    });
    const honest = new HonestClients(child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the honest clients did not start: exit ${code}`)));
      child.on('message', ({ type }: Answer) => {
        if (type === 'ready') resolve();
      });
    });
    return honest;
  }

  /** Takes what went wrong since it was asked last. */
  faults(): string[] {
    return this.#faults.splice(0);
  }

  /** Resolves when a transfer is under way in each direction that will not end before `release`. */
  async hold(): Promise<void> {
    this.#mark = (await this.#ask('hold')).mark ?? [];
  }

  /** Resolves when the transfers that were held have ended. */
  async release(): Promise<Held> {
    const { bytes = 0, gap = 0, mark = [] } = await this.#ask('release');
    if (mark.join() !== this.#mark.join())
      this.#faults.push('the transfers that were held ended before the attack did');
    return { bytes, gap };
  }

  /** A new client connects, logs in, stores and fetches a file. Resolves with how long it took, in milliseconds. */
  async newcomer(): Promise<number> {
    const { milliseconds, fault } = await this.#ask('newcomer');
    if (milliseconds === undefined) throw new Error(`a new honest client is not served: ${fault}`);
    return milliseconds;
  }

  #fail(message: string): void {
    this.#faults.push(message);
    for (const settle of this.#waiting.values()) settle({ type: 'fault', fault: message });
  }

  #ask(type: string): Promise<Answer> {
    this.#count += 1;
    const id = this.#count;
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => {
        const fault = `honest clients did not ${type} within ${PATIENCE} ms`;
        this.#faults.push(fault);
        settle({ type, fault });
      }, PATIENCE);
      this.#waiting.set(id, settle);
      if (this.#child.connected) this.#child.send({ type, id });
      else settle({ type, fault: 'the honest clients are gone' });
    });
  }
}
