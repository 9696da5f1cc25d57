import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bounds } from '../client/bounds.js';
import type { ClientUnderTest, Ending, RunningClient, Verb } from '../client/client-under-test.js';
import type { Credentials } from '../login/credentials.js';
import { codeNumber } from '../spec/specification.js';
import { NotApplicable } from '../suite/outcome.js';
import type { ClosableTrial } from '../suite/run-cases.js';
import type { TlsOffer } from '../tls/accept.js';
import { makeTestKey, type TestKey } from '../tls/test-key.js';
import { content } from '../wire/bytes.js';
import type { Entry, Loose, Messages } from '../wire/messages.js';
import { Violation } from '../wire/violation.js';
import type { InitiatorWatch } from './initiator-watch.js';
import { Listener } from './listener.js';
import { ServerSession } from './server-session.js';
import type { Transport } from './transport.js';

/** How a client is run in one case. */
export interface Start {
  /** What is uploaded, or what `stat` says of what is downloaded. Default: 5000 bytes. */
  readonly file?: Buffer;
  /** As it stands in the address, after the slash. */
  readonly path?: string;
  /** The whole address, given the port. */
  readonly url?: (port: number, fingerprint: string) => string;
  /** The address is filex://, and the server answers in TLS. */
  readonly tls?: TlsStart | undefined;
  /** Who the client is to log in as. */
  readonly user?: Credentials | undefined;
  readonly holdOutput?: boolean;
  /** Files and folders that are in the destination of `tree` before. */
  readonly prepare?: (dir: string) => void;
}

/** What a test server is like under TLS, where it is not as it should be. */
export interface TlsStart extends Omit<TlsOffer, 'key'> {
  /** Shows another key than that whose fingerprint is in the address. */
  readonly otherKey?: boolean;
  /** Shows the key of the address in a certificate that has run out, and is for another host. */
  readonly stale?: boolean;
}

let keys: Readonly<Record<'own' | 'other' | 'stale', TestKey>> | undefined;

/** The same in all cases. */
function testKeys(): NonNullable<typeof keys> {
  keys ??= { own: makeTestKey(), other: makeTestKey(), stale: makeTestKey({ stale: true }) };
  return keys;
}

/** The operation that a verb is about. */
const operationOf: Readonly<Record<Verb, string>> = {
  put: 'upload',
  get: 'download',
  ls: 'list',
  tree: 'list',
  cat: 'download',
};

const pathOf: Readonly<Record<Verb, string>> = {
  put: 'target.bin',
  get: 'source.bin',
  ls: 'folder',
  tree: 'folder',
  cat: 'source.bin',
};

/** What a case for clients works with: a port of its own, a client that is started, and a folder of its own. */
export class ClientTrial implements ClosableTrial {
  readonly #client: ClientUnderTest;
  readonly #verb: Verb;
  readonly #timeout: number;
  readonly #slow: boolean;
  readonly #sessions: ServerSession[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'filex-conformance-'));
  /** Operations that the case answers itself. */
  readonly manual = new Set<string>();
  #listener: Listener | undefined;
  #running: RunningClient | undefined;
  #file = content(5000);

  constructor(client: ClientUnderTest, { verb, slow }: { verb: Verb; slow: boolean }, timeout: number) {
    this.#client = client;
    this.#verb = verb;
    this.#slow = slow;
    this.#timeout = timeout;
    this.manual.add(operationOf[verb]);
    if (verb === 'tree') this.manual.add('download');
    for (const name of ['home', 'inner']) mkdirSync(join(this.#folder, name));
    mkdirSync(this.dir);
  }

  // ------------------------------------------------------------------ what the client works on

  /** Where `get` writes. */
  get destination(): string {
    return join(this.#folder, 'inner', 'file.bin');
  }

  /** Where `tree` writes. */
  get dir(): string {
    return join(this.#folder, 'inner', 'dir');
  }

  /** A folder beside that of `tree`, where nothing may be written. */
  get outside(): string {
    return join(this.#folder, 'inner');
  }

  /** What is uploaded, or downloaded. */
  get file(): Buffer {
    return this.#file;
  }

  /** What is at the destination of `get`. */
  get arrived(): Buffer | undefined {
    return existsSync(this.destination) ? readFileSync(this.destination) : undefined;
  }

  // ------------------------------------------------------------------ running the client

  async start({
    file,
    path = pathOf[this.#verb],
    url,
    tls,
    user,
    holdOutput = false,
    prepare,
  }: Start = {}): Promise<void> {
    if (file !== undefined) this.#file = file;
    const { own, other, stale } = testKeys();
    const named = tls?.stale === true ? stale : own;
    const offer = tls === undefined ? undefined : { ...tls, key: tls.otherKey === true ? other : named };
    this.#listener ??= await Listener.open(this.#timeout, offer);
    if (this.#verb === 'put') writeFileSync(this.destination, this.#file);
    prepare?.(this.dir);
    const { port } = this.#listener;
    const userPart = user === undefined ? '' : `${encodeURIComponent(user.user)}@`;
    const place = `${userPart}127.0.0.1:${port}/${path}`;
    const usual = tls === undefined ? `filex+tcp://${place}` : `filex://${place}?fp=${named.fingerprint}`;
    this.#running = this.#client.start({
      verb: this.#verb,
      url: url?.(port, named.fingerprint) ?? usual,
      passcode: user?.passcode,
      file: this.destination,
      dir: this.dir,
      home: join(this.#folder, 'home'),
      holdOutput,
      timeout: this.#slow ? bounds.slowProcess : bounds.process,
    });
  }

  /** Lets what the client writes to standard output be read. */
  release(): void {
    this.#running?.release();
  }

  /** The next connection of the client that was started, as bytes. */
  async dialled(): Promise<Transport> {
    const transport = await this.dialledOrNot();
    if (transport !== undefined) return transport;
    const { trouble } = this.#listening;
    if (trouble !== undefined) throw new Violation([], `the TLS handshake failed: ${trouble.message}`);
    throw new Violation([], `the client did not connect: ${await this.#soFar()}`);
  }

  /** The same; undefined when the client does not connect, or does not get through the TLS handshake. */
  dialledOrNot(): Promise<Transport | undefined> {
    return this.#listening.next(bounds.start, this.#started.ended);
  }

  /** Why a TLS handshake failed, if one did. */
  get trouble(): Error | undefined {
    return this.#listening.trouble;
  }

  /** Starts the client, and takes its connection. */
  async fresh(start?: Start): Promise<ServerSession> {
    await this.start(start);
    return this.over(await this.dialled());
  }

  /** Somebody to judge what comes on a connection. */
  over(transport: Transport): ServerSession {
    const session = new ServerSession(transport, (open, operation) => this.#attend(open, operation));
    this.#sessions.push(session);
    return session;
  }

  /** Starts the client and shakes hands until operations may start. */
  async session(hello: Loose<'HELLO'> = {}, start?: Start): Promise<ServerSession> {
    const session = await this.fresh(start);
    return session.handshake(hello);
  }

  /** Starts the client, shakes hands and waits for what the verb is about. */
  async opened(
    hello: Loose<'HELLO'> = {},
    start?: Start,
  ): Promise<{ session: ServerSession; stream: number; watch: InitiatorWatch; open: Messages['OPEN'] }> {
    const session = await this.session(hello, start);
    const watch = await session.opened(operationOf[this.#verb]);
    return { session, stream: watch.id, watch, open: watch.open };
  }

  /** Runs the client once more, and waits for what the verb is about. */
  async anew(): Promise<{ session: ServerSession; stream: number; open: Messages['OPEN'] }> {
    this.takeMore();
    return this.opened();
  }

  /** Takes connections again, after the client has ended. */
  takeMore(): void {
    this.#listening.takeMore();
  }

  /** Another connection of the same run, with its handshake done; undefined when the client does not make one. */
  async again(hello: Loose<'HELLO'> = {}): Promise<ServerSession | undefined> {
    const transport = await this.#listening.next(bounds.again, this.#started.ended);
    return transport === undefined ? undefined : this.over(transport).handshake(hello);
  }

  /** As `again`, for rules that bind only clients which go on by themselves. */
  async resumed(): Promise<{ session: ServerSession; stream: number; open: Messages['OPEN'] }> {
    const session = await this.again();
    if (session === undefined) throw new NotApplicable('this client does not connect again by itself');
    const { id, open } = await session.opened(operationOf[this.#verb]);
    if ((open.offset ?? 0) === 0) throw new NotApplicable('this client begins again, and does not resume');
    return { session, stream: id, open };
  }

  /** Connections that came so far. */
  get connections(): number {
    return this.#listening.transports.length;
  }

  /** Bytes that came on connections nobody has taken. */
  async refuseAll(): Promise<readonly Buffer[]> {
    const first = await this.#listening.next(bounds.again, this.#started.ended);
    await first?.listen(bounds.silence);
    const said = this.#listening.transports.map(({ left }) => left);
    this.#listening.refuseMore();
    // Whoever has begun a TLS handshake waits for an answer.
    for (const transport of this.#listening.transports) transport.end();
    return said;
  }

  /** How the client ends. Whatever else it asks for is refused. */
  async ending(): Promise<Ending> {
    this.#listening.refuseMore();
    const ending = await this.#started.ended;
    if (ending.killed) throw new Violation([], 'the client did not end by itself');
    return ending;
  }

  /** The client says that it has failed. */
  async expectFailure(): Promise<Ending> {
    const ending = await this.ending();
    if (ending.ok) throw new Violation([], `the client says that all went well (${ending.how})`);
    return ending;
  }

  /** The client says that it has done what it was asked. */
  async expectSuccess(): Promise<Ending> {
    const ending = await this.ending();
    if (!ending.ok) throw new Violation([], `the client says that it has failed (${said(ending)})`);
    return ending;
  }

  /** `expectFault`, after which the client must not say that all went well. */
  async expectFault(session: ServerSession, ...codes: readonly string[]): Promise<Ending> {
    await session.expectFault(...codes);
    return this.expectFailure();
  }

  /** The download has failed, and there is nothing under the name of the file. */
  async expectNoFile(rule = 'FX-9.3-1'): Promise<void> {
    const ending = await this.ending();
    if (existsSync(this.destination))
      throw new Violation([rule], `there is a file under its name, with ${this.arrived?.length} bytes`);
    if (ending.ok) throw new Violation([rule], `the client says that all went well (${ending.how})`);
  }

  /** The download has succeeded, and the file is what was sent. */
  async expectFile(): Promise<void> {
    await this.expectSuccess();
    if (this.arrived === undefined) throw new Violation([], 'there is no file');
    if (!this.arrived.equals(this.#file)) throw new Violation([], 'the file is not what was sent');
  }

  /** What is in the destination of `tree`, and beside it. */
  written(): { readonly inside: string[]; readonly outside: string[] } {
    const inside = readdirSync(this.dir, { recursive: true }).map(String).sort();
    const outside = readdirSync(this.#folder, { recursive: true })
      .map(String)
      .filter((name) => !/^(inner|inner[/\\]dir([/\\].*)?|home([/\\].*)?)$/.test(name));
    return { inside, outside };
  }

  /** What the client told its user, with the certainty that it tells anything. */
  outputOf({ output }: Ending): string {
    return output ?? this.notApplicable('this client shows nothing to people');
  }

  /** The rule does not bind this client. */
  notApplicable(reason: string): never {
    throw new NotApplicable(reason);
  }

  check(): void {
    for (const session of this.#sessions) session.check();
  }

  close(): void {
    this.#listener?.close();
    this.#running?.stop();
    const clean = (): void => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    if (this.#running === undefined) clean();
    else void this.#running.ended.then(clean);
  }

  // ------------------------------------------------------------------

  get #started(): RunningClient {
    return this.#running as RunningClient;
  }

  get #listening(): Listener {
    return this.#listener as Listener;
  }

  /** Answers what a client may ask before it comes to the point, as a server that has what it wants. */
  #attend({ path = '' }: Messages['OPEN'], operation: string): Loose<'RESULT'> | undefined {
    if (this.manual.has(operation)) return undefined;
    switch (operation) {
      case 'stat': {
        const entry = this.#entryOf(path);
        if (entry === undefined) return { status: codeNumber('NOT_FOUND'), effect: 'none' };
        return { effect: 'none', entry };
      }
      case 'makeDirectory':
        return { outcome: 'created' };
      default:
        return { status: codeNumber('UNSUPPORTED'), effect: 'none' };
    }
  }

  #entryOf(path: string): Entry | undefined {
    const named = path === '' ? {} : { path };
    const folder = this.#verb === 'ls' || this.#verb === 'tree';
    if (path === '' || folder) return { ...named, kind: 'directory', size: 0, mtime: 1_000_000 };
    if (this.#verb === 'put') return undefined;
    return { ...named, kind: 'file', size: this.#file.length, mtime: 1_000_000, etag: 'v1' };
  }

  async #soFar(): Promise<string> {
    const nothing = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    const ending = await Promise.race([this.#started.ended, nothing]);
    return ending === undefined ? 'it still runs' : said(ending);
  }
}

function said({ how, output = '' }: Ending): string {
  const last = output.trim().split('\n').slice(-2).join(' / ');
  return last === '' ? how : `${how}: ${JSON.stringify(last.slice(0, 200)).slice(1, -1)}`;
}
