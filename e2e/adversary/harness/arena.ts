import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  #audited = 0;

  private constructor(options: ArenaOptions) {
    this.options = options;
    this.base = temporaryFolder();
    this.served = join(this.base, 'served');
    this.state = join(this.base, 'state');
    this.audit = join(this.base, 'audit.log');
    makeCanary(join(this.base, 'outside'));
    makeCanary(join(this.served, 'kept'));
    mkdirSync(join(this.served, 'play'));
    for (const { root } of Object.values(this.#users))
      if (root !== undefined) mkdirSync(join(this.served, root), { recursive: true });
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

  /** Writes the users file, with some changed, or, where undefined, left out. */
  writeUsers(changed: Readonly<Record<string, UserSpec | undefined>> = {}): void {
    const specs: Readonly<Record<string, UserSpec | undefined>> = { ...this.#users, ...changed };
    const users = Object.fromEntries(
      Object.entries(specs)
        .flatMap(([name, spec]) => (spec === undefined ? [] : [[name, spec] as const]))
        .map(([name, { passcode, ...rest }]) => [
          name,
          { verifier: this.#verifier(name, passcode), ...rest },
        ]),
    );
    // In one step, as an administrator's editor does: the server must not see half of it.
    const file = join(this.state, 'users.json');
    writeFileSync(`${file}.new`, JSON.stringify({ version: 1, secret: this.#secret, users }), {
      mode: 0o600,
    });
    renameSync(`${file}.new`, file);
  }

  /** What the salts of users that there are not are made of. */
  readonly #secret = randomBytes(32).toString('base64');
  readonly #verifiers = new Map<string, ReturnType<typeof storedVerifier>>();

  #verifier(name: string, passcode: string): ReturnType<typeof storedVerifier> {
    const kept = this.#verifiers.get(name) ?? storedVerifier(passcode);
    this.#verifiers.set(name, kept);
    return kept;
  }

  /** Lines that the server has logged since they were taken last. */
  peekLog(): string[] {
    return wholeLines(this.server.command.text('stderr').slice(this.#logged));
  }

  takeLog(): string[] {
    const lines = this.peekLog();
    for (const line of lines) this.#logged += line.length + 1;
    return lines;
  }

  /** Lines of the audit log, in the same way. */
  peekAudit(): string[] {
    return existsSync(this.audit) ? wholeLines(readFileSync(this.audit, 'utf8').slice(this.#audited)) : [];
  }

  takeAudit(): string[] {
    const lines = this.peekAudit();
    for (const line of lines) this.#audited += line.length + 1;
    return lines;
  }

  async #startServer(): Promise<void> {
    const { limits = {}, anonymous = 'write', args = [] } = this.options;
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

/** A line that has no end yet is still being written. */
function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
