import { mkdirSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { type ClientExit, clientExit, startClient } from '../../harness/client.js';
import { listen } from '../../harness/raw-peer.js';
import type { Arena } from './arena.js';
import { bounds } from './attack.js';
import { makeCanary } from './canary.js';
import { HostileClient, type User } from './hostile-client.js';
import { MemoryWatch } from './memory.js';

export interface ApproachOptions {
  readonly tls?: boolean | undefined;
  readonly from?: string | undefined;
  /** Name of a user of the arena; default: anonymous. */
  readonly user?: string | undefined;
  /** What is said in HELLO. */
  readonly hello?: Readonly<Record<string, number | string | readonly number[]>>;
}

/** The attack cannot be tried on this machine. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

/** What one attack has to work with. All of it ends with the attack. */
export class Scene {
  readonly arena: Arena;
  /** The attack's own folder in the served one, as a path of the protocol … */
  readonly folder: string;
  /** … and on the disk. */
  readonly disk: string;
  /** Where the attacker comes from: an address of its own, so that what it is refused others are not. */
  readonly from: string;
  /** For the client under attack: the canary around its destination, and the destination. */
  readonly client: string;
  readonly destination: string;
  /** MiB, the most that a client under attack has used. */
  clientPeak = 0;
  readonly #clients: HostileClient[] = [];
  readonly #undo: (() => void | Promise<void>)[] = [];

  constructor(arena: Arena, id: string) {
    this.arena = arena;
    this.folder = `play/${id}`;
    this.disk = join(arena.served, this.folder);
    this.from = arena.nextAddress();
    this.client = join(arena.base, 'client', id);
    this.destination = join(this.client, 'dest');
    mkdirSync(this.disk);
    makeCanary(this.client);
    mkdirSync(this.destination);
    mkdirSync(join(this.client, 'home'));
  }

  get port(): number {
    return this.arena.port;
  }

  user(name: string): User {
    return this.arena.user(name);
  }

  onEnd(undo: () => void | Promise<void>): void {
    this.#undo.push(undo);
  }

  /** A connection on which nothing was said yet. */
  async connect({ tls, from = this.from }: ApproachOptions = {}): Promise<HostileClient> {
    const client = await HostileClient.connect({ port: this.port, from, tls });
    this.#clients.push(client);
    return client;
  }

  /** A connection on which operations may start. */
  async enter({ user, hello, ...options }: ApproachOptions = {}): Promise<HostileClient> {
    const client = await this.connect(options);
    return client.enter(user === undefined ? undefined : this.user(user), hello);
  }

  /** A port behind which `talk` does what it likes, on this machine; gone after the attack. */
  async serve(talk: (socket: Socket) => void, tls?: TlsOptions): Promise<number> {
    const sockets = new Set<Socket>();
    const take = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
      talk(socket);
    };
    const server: Server =
      tls === undefined ? createServer(take) : createTlsServer({ ...tls, ALPNProtocols: ['filex/1'] }, take);
    if (tls !== undefined) server.on('tlsClientError', () => undefined);
    await listen(server);
    this.onEnd(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** Runs `filex-client`, the attacked process, to its end. Its home is its own. */
  async filex(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ClientExit> {
    const home = join(this.client, 'home');
    const command = startClient(words, {
      cwd: this.client,
      env: {
        HOME: home,
        // Where there is plenty of memory, garbage may wait for long: so that what is kept is told from what is not yet freed.
        NODE_OPTIONS: `--max-old-space-size=${bounds.clientHeap}`,
        XDG_STATE_HOME: home,
        XDG_CONFIG_HOME: home,
        XDG_DATA_HOME: home,
        XDG_CACHE_HOME: home,
        ...env,
      },
    });
    const watch = new MemoryWatch(command.pid);
    try {
      return clientExit(await command.exited);
    } finally {
      watch.stop();
      this.clientPeak = Math.max(this.clientPeak, watch.peak);
    }
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    for (const undo of this.#undo.reverse()) await undo();
  }
}
