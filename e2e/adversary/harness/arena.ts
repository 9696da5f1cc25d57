import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exit } from '../../harness/command.js';
import { type ServerProcess, startServer } from '../../harness/server.js';
import { temporaryFolder } from '../../harness/temporary.js';
import { makeCanary } from './canary.js';
import { HonestClients } from './honest.js';
import type { User } from './hostile-client.js';
import { storedVerifier } from './scram.js';

/** A user as the users file has it, with the passcode that this file does not have. */
export interface UserSpec {
  readonly passcode: string;
  readonly preset?: 'read' | 'drop' | 'write' | 'admin' | 'none';
  readonly rules?: readonly { readonly path: string; readonly allow: readonly string[] }[];
  readonly root?: string;
  readonly quota?: { readonly bytes?: number; readonly files?: number };
}

export interface ArenaOptions {
  readonly limits?: Readonly<Record<string, number>>;
  readonly anonymous?: 'none' | 'read' | 'drop' | 'write';
  readonly args?: readonly string[];
  readonly users?: Readonly<Record<string, UserSpec>>;
}

const honest: UserSpec = { passcode: 'honest-passcode', preset: 'write' };

/**
 * A server process, the honest clients that use it, and things around it that nobody may touch:
 *
 * - `outside/`, beside the served folder, and `served/kept/`, in it: canaries
 * - `served/play/ID/`: where the attack of that id may do what it likes
 * - `served/honest/`: of the honest clients
 */
export class Arena {
  readonly base: string;
  readonly served: string;
  readonly state: string;
  readonly audit: string;
  readonly options: ArenaOptions;
  server!: ServerProcess;
  honest!: HonestClients;
  #attacks = 0;
  #logged = 0;

  private constructor(options: ArenaOptions) {
    this.options = options;
    this.base = temporaryFolder();
    this.served = join(this.base, 'served');
    this.state = join(this.base, 'state');
    this.audit = join(this.base, 'audit.log');
    makeCanary(join(this.base, 'outside'));
    makeCanary(join(this.served, 'kept'));
    mkdirSync(join(this.served, 'play'));
    mkdirSync(this.state, { mode: 0o700 });
    this.writeUsers();
  }

  static async start(options: ArenaOptions = {}): Promise<Arena> {
    const arena = new Arena(options);
    await arena.#startServer();
    return arena;
  }

  get port(): number {
    return this.server.port;
  }

  /** What changes in `base` by what honest ends do. */
  get theirs(): readonly string[] {
    return ['served/honest', 'served/play', 'served/.filex', 'state', 'audit.log', 'client'];
  }

  /** An address of this machine that no attack has come from yet, nor an honest client. */
  nextAddress(): string {
    this.#attacks += 1;
    return `127.9.${this.#attacks >> 8}.${this.#attacks & 0xff}`;
  }

  user(name: string): User {
    const { passcode } = this.#users[name] as UserSpec;
    return { name, passcode };
  }

  get #users(): Readonly<Record<string, UserSpec>> {
    return { honest, ...this.options.users };
  }

  /** Writes the users file, without those named. */
  writeUsers(without: readonly string[] = []): void {
    const users = Object.fromEntries(
      Object.entries(this.#users)
        .filter(([name]) => !without.includes(name))
        .map(([name, { passcode, ...rest }]) => [
          name,
          { verifier: this.#verifier(name, passcode), ...rest },
        ]),
    );
    writeFileSync(join(this.state, 'users.json'), JSON.stringify({ version: 1, users }), { mode: 0o600 });
  }

  readonly #verifiers = new Map<string, ReturnType<typeof storedVerifier>>();

  #verifier(name: string, passcode: string): ReturnType<typeof storedVerifier> {
    const kept = this.#verifiers.get(name) ?? storedVerifier(passcode);
    this.#verifiers.set(name, kept);
    return kept;
  }

  /** Stops the server and starts it again, with the same state. */
  async restart(): Promise<Exit> {
    const exit = await this.server.stop();
    await this.#startServer();
    return exit;
  }

  /** Lines that the server has logged since this was called last. */
  newLog(): string[] {
    const whole = this.server.command.text('stderr');
    const end = whole.lastIndexOf('\n') + 1;
    const lines = whole.slice(this.#logged, end).split('\n').slice(0, -1);
    this.#logged = end;
    return lines;
  }

  async #startServer(): Promise<void> {
    const { limits = {}, anonymous = 'write', args = [] } = this.options;
    this.#logged = 0;
    this.server = await startServer({
      folder: this.served,
      anonymous,
      cwd: this.base,
      args: [
        '--state',
        this.state,
        '--users',
        join(this.state, 'users.json'),
        '--audit',
        this.audit,
        ...Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`]),
        ...args,
      ],
    });
    this.honest = await HonestClients.start({
      up: this.server.secureUrl('', 'honest'),
      down: `filex+tcp://honest@127.0.0.1:${this.port}/`,
      passcode: honest.passcode,
      served: this.served,
    });
  }
}
