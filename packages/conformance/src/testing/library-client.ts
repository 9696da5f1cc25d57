import { parseUrl } from '@filex/protocol';
import { connect, type Session } from '@filex/protocol/node';
import type { ClientUnderTest, Ending, RunningClient, Task } from '../client/client-under-test.js';

/** The client of `@filex/protocol/node`, in this process: many cases in little time. */
export const libraryClient: ClientUnderTest = {
  name: '@filex/protocol',
  can: (verb) => verb !== 'tree',
  start: (task) => new RunningLibrary(task),
};

class RunningLibrary implements RunningClient {
  readonly ended: Promise<Ending>;
  readonly #abort = new AbortController();
  readonly #released: Promise<void>;
  #release!: () => void;
  #session: Session | undefined;
  #killed = false;
  #entries = 0;

  constructor(task: Task) {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    if (!task.holdOutput) this.release();
    const timer = setTimeout(() => this.#kill(), task.timeout);
    this.ended = this.#run(task).finally(() => clearTimeout(timer));
  }

  release(): void {
    this.#release();
  }

  stop(): void {
    this.release();
    this.#abort.abort();
    this.#session?.destroy();
  }

  #kill(): void {
    this.#killed = true;
    this.stop();
  }

  async #run(task: Task): Promise<Ending> {
    try {
      const session = await connect(task.url, { signal: this.#abort.signal, passcode: task.passcode });
      this.#session = session;
      try {
        await this.#do(session, task, parseUrl(task.url).path);
      } finally {
        await session.close();
      }
      return this.#ending(true, `done, ${this.#entries} entries`);
    } catch (error) {
      return this.#ending(false, String(error));
    }
  }

  #ending(ok: boolean, how: string): Ending {
    return { ok, how, killed: this.#killed, output: undefined };
  }

  async #do(session: Session, { verb, file }: Task, path: string): Promise<void> {
    switch (verb) {
      case 'put':
        await session.upload(file, path);
        return;
      case 'get':
        // Like a client that wants to know first what it is that it was asked for.
        await session.stat(path);
        await session.download(path, file);
        return;
      case 'ls':
        for await (const entry of session.list(path)) this.#entries += entry.path === '' ? 0 : 1;
        return;
      case 'cat':
        await session.download(path, { write: () => this.#released });
        return;
      default:
        throw new Error(`a session has nothing for ${verb}`);
    }
  }
}
