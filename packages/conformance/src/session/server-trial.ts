import type { Credentials } from '../login/credentials.js';
import { codeName } from '../spec/specification.js';
import { NotApplicable, Skipped } from '../suite/outcome.js';
import type { ClosableTrial } from '../suite/run-cases.js';
import { HandshakeRefused, type TlsDial } from '../tls/dial.js';
import type { Loose, Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import { ClientSession } from './client-session.js';
import { connectPlain, connectSecure, type Where } from './connect.js';
import type { Transport } from './transport.js';

/** Where the server is, who the suite is there, and what it may do. */
export interface ServerTarget extends Where {
  /** Cases speak TLS, unless they are about something else. */
  readonly secure: boolean;
  /** Who the suite logs in as; undefined: nobody in particular. */
  readonly user: Credentials | undefined;
  /** Somebody else, for what no other principal may see. */
  readonly secondUser: Credentials | undefined;
  /** The folder that belongs to this run, below which everything is made. */
  readonly folder: string;
}

/** What was found out about the server before the cases; undefined where that failed, which the cases will show. */
export interface ServerFacts {
  readonly hello: Messages['HELLO'];
  readonly principal: string | undefined;
  /** Whether it answers a TLS handshake at this port: found out when the first case wants to know. */
  readonly speaksTls: () => Promise<boolean>;
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

  /** Who the suite is on this server. @throws Skipped when nobody in particular. */
  get user(): Credentials {
    return (
      this.target.user ?? skip('needs a user: an address with USER@, and the passcode in FILEX_PASSCODE')
    );
  }

  /** Ends the case unless the suite is a user of the server. */
  needsUser(): void {
    void this.user;
  }

  /** @throws Skipped when there is none. */
  get secondUser(): Credentials {
    return (
      this.target.secondUser ??
      skip('needs a second user: --second-user NAME, and the passcode in FILEX_SECOND_PASSCODE')
    );
  }

  needsSecondUser(): void {
    this.needsUser();
    void this.secondUser;
  }

  /** A connection on which nothing was said. */
  dial(): Promise<Transport> {
    return this.target.secure ? this.dialSecure() : this.dialPlain();
  }

  dialPlain(): Promise<Transport> {
    return this.#dialled(connectPlain(this.target));
  }

  /** A connection inside TLS. */
  async dialSecure(): Promise<Transport> {
    return (
      (await this.handshake()) ?? this.#fail('the server refuses a handshake of TLS 1.3 with ALPN filex/1')
    );
  }

  /** A connection with such a TLS handshake; undefined when the server ends it. */
  async handshake(dial?: TlsDial): Promise<Transport | undefined> {
    if (!this.target.secure) await this.needsTls();
    try {
      return await this.#dialled(connectSecure(this.target, dial));
    } catch (error) {
      if (error instanceof HandshakeRefused) return undefined;
      throw error;
    }
  }

  async #dialled(connecting: Promise<Transport>): Promise<Transport> {
    const transport = await connecting.catch((error: Error) => {
      if (error instanceof HandshakeRefused) throw error;
      return this.#fail(`cannot connect: ${error.message}`);
    });
    this.#transports.push(transport);
    return transport;
  }

  #fail(message: string): never {
    throw new Violation([], message);
  }

  /** A connection on which nothing was said, with somebody to judge the answers. */
  async fresh(): Promise<ClientSession> {
    return this.over(await this.dial());
  }

  /** Somebody to judge the answers on a connection. */
  over(transport: Transport, user = this.target.user): ClientSession {
    const session = new ClientSession(transport, user);
    this.#sessions.push(session);
    return session;
  }

  /** Both ends have said HELLO. */
  async greeted(hello: Loose<'HELLO'> = {}): Promise<ClientSession> {
    return this.greetedOver(await this.dial(), hello);
  }

  async greetedOver(transport: Transport, hello: Loose<'HELLO'> = {}): Promise<ClientSession> {
    const session = this.over(transport);
    session.greet(hello);
    await session.receive('HELLO');
    return session;
  }

  /** Operations may start. */
  async session(hello: Loose<'HELLO'> = {}): Promise<ClientSession> {
    const session = await this.fresh();
    return session.handshake(hello);
  }

  /** Operations may start, for the second user. */
  async secondSession(): Promise<ClientSession> {
    return this.over(await this.dial(), this.secondUser).handshake();
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

  /** Ends the case unless the server speaks TLS at this port. */
  async needsTls(): Promise<void> {
    if (!(await this.facts.speaksTls())) this.notApplicable('this server speaks no TLS at this port');
  }

  /** Ends the case unless the server lets in whoever comes. */
  needsAnonymous(): void {
    if (this.facts.hello.mechanisms?.includes('ANONYMOUS') !== true)
      this.notApplicable('this server lets nobody in without a user name');
  }

  check(): void {
    for (const session of this.#sessions) session.check();
  }

  close(): void {
    for (const transport of this.#transports) transport.destroy();
  }
}

function skip(reason: string): never {
  throw new Skipped(reason);
}
