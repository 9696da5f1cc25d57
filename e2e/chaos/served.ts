import type { Exit } from '../harness/command.js';
import { type ServerProcess, startServer } from '../harness/server.js';
import type { Ground } from './ground.js';

export interface ServedOptions {
  readonly ground: Ground;
  readonly args: readonly string[];
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Besides those that it always has. */
  readonly args?: readonly string[];
  /** It may be killed by what `env` says. */
  readonly expectDeath?: boolean;
}

/** A server that may be killed and comes back, on the same port. */
export class Served {
  readonly #ground: Ground;
  readonly #args: readonly string[];
  #process: ServerProcess | undefined;
  #port = 0;
  #expected = false;
  /** What it has said when it ended though nobody wanted it to. */
  deaths: string[] = [];

  constructor({ ground, args }: ServedOptions) {
    this.#ground = ground;
    this.#args = args;
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#running().command.pid;
  }

  get fingerprint(): string {
    return this.#running().listening.fingerprint;
  }

  get exited(): Promise<Exit> {
    return this.#running().command.exited;
  }

  async start({ env, args = [], expectDeath = false }: StartOptions = {}): Promise<void> {
    this.#expected = expectDeath;
    const started = await startServer({
      folder: this.#ground.folder,
      port: this.#port,
      args: [
        '--host',
        '127.0.0.1',
        '--state',
        this.#ground.state,
        '--log-level',
        'warn',
        ...this.#args,
        ...args,
      ],
      env,
    });
    this.#process = started;
    this.#port = started.port;
    void started.command.exited.then(({ code, signal, stderr }) => {
      if (!this.#expected) this.deaths.push(`the server ended: ${code ?? signal}\n${stderr.slice(-2000)}`);
    });
  }

  /** Resolves when it has said such a line on standard error; never when it ends without. */
  async says(pattern: RegExp): Promise<void> {
    const { command } = this.#running();
    const isSaid = (): boolean => pattern.test(command.text('stderr'));
    await command.until(() => (isSaid() || !command.running ? true : undefined), `a line like ${pattern}`);
    if (!isSaid()) await new Promise(() => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.#running().command.signal(signal);
  }

  async kill(): Promise<void> {
    this.#expected = true;
    await this.#running().command.kill();
  }

  /** Stops it in good order; anything else is a death. */
  async stop(): Promise<void> {
    this.#expected = true;
    const { code, signal, stderr } = await this.#running().stop();
    if (code !== 0) this.deaths.push(`the server stopped with ${code ?? signal}\n${stderr.slice(-2000)}`);
  }

  get isRunning(): boolean {
    return this.#process?.command.running === true;
  }

  #running(): ServerProcess {
    if (this.#process === undefined) throw new Error('the server was not started');
    return this.#process;
  }
}
