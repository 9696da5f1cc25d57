import { codeName } from '../spec/specification.js';
import { NotApplicable } from '../suite/outcome.js';
import type { ClosableTrial } from '../suite/run-cases.js';
import type { Loose, Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import { ClientSession } from './client-session.js';
import { Transport } from './transport.js';

/** Where the server is, and what the suite may do there. */
export interface ServerTarget {
  readonly host: string;
  readonly port: number;
  /** The folder that belongs to this run, below which everything is made. */
  readonly folder: string;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
}

/** What was found out about the server before the cases; undefined where that failed, which the cases will show. */
export interface ServerFacts {
  readonly hello: Messages['HELLO'];
  readonly principal: string | undefined;
  /** Whether it remembers operations beyond their stream: it says epochs other than 0 (FX-12.1-3). */
  readonly keepsOperations: boolean;
}

/** What a case for servers works with: connections of its own, and a folder of its own. */
export class ServerTrial implements ClosableTrial {
  readonly target: ServerTarget;
  readonly #facts: ServerFacts | undefined;
  readonly #number: number;
  readonly #transports: Transport[] = [];
  readonly #sessions: ClientSession[] = [];
  #folder: Promise<string> | undefined;

  constructor(target: ServerTarget, facts: ServerFacts | undefined, number: number) {
    this.target = target;
    this.#facts = facts;
    this.#number = number;
  }

  /** @throws Violation when the server could not even be asked. */
  get facts(): ServerFacts {
    if (this.#facts === undefined) throw new Violation([], 'an honest session did not get as far as this');
    return this.#facts;
  }

  /** A connection on which nothing was said. */
  async dial(): Promise<Transport> {
    const { host, port, timeout } = this.target;
    const transport = await Transport.connect(host, port, timeout).catch((error: Error) => {
      throw new Violation([], `cannot connect: ${error.message}`);
    });
    this.#transports.push(transport);
    return transport;
  }

  /** A connection on which nothing was said, with somebody to judge the answers. */
  async fresh(): Promise<ClientSession> {
    const session = new ClientSession(await this.dial());
    this.#sessions.push(session);
    return session;
  }

  /** Both ends have said HELLO. */
  async greeted(hello: Loose<'HELLO'> = {}): Promise<ClientSession> {
    const session = await this.fresh();
    session.greet(hello);
    await session.receive('HELLO');
    return session;
  }

  /** Operations may start. */
  async session(hello: Loose<'HELLO'> = {}): Promise<ClientSession> {
    const session = await this.fresh();
    return session.handshake(hello);
  }

  /** A folder that no other case knows, made by another connection. */
  folder(): Promise<string> {
    this.#folder ??= this.#makeFolder();
    return this.#folder;
  }

  /** A path in the folder of this case. */
  async path(name: string): Promise<string> {
    return `${await this.folder()}/${name}`;
  }

  async #makeFolder(): Promise<string> {
    const path = `${this.target.folder}/${this.#number}`;
    const session = await this.session();
    const { status } = await session.call('makeDirectory', { path, parents: true });
    if (status !== 0) throw new Violation([], `cannot make a folder to work in: ${codeName(status)}`);
    session.goodbye();
    session.transport.end();
    return path;
  }

  /** The rule does not bind this server. */
  notApplicable(reason: string): never {
    throw new NotApplicable(reason);
  }

  /** Ends the case unless the server keeps operations beyond their stream. */
  needsEpochs(): void {
    if (!this.facts.keepsOperations)
      this.notApplicable('this server says epoch 0: it keeps nothing of an operation beyond its stream');
  }

  check(): void {
    for (const session of this.#sessions) session.check();
  }

  close(): void {
    for (const transport of this.#transports) transport.destroy();
  }
}
