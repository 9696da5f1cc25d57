import { onTestFinished } from 'vitest';
import { connect } from '../connect.js';
import { serve } from '../serve.js';
import type { ConnectOptions, ServeEvent, ServeOptions, Server, Session } from '../types.js';
import { MemoryHandler } from './memory-handler.js';

export interface RigOptions {
  readonly server?: Partial<ServeOptions>;
  readonly client?: ConnectOptions;
}

/** A server on a free port with files in memory. Everything ends with the test. */
export class Rig {
  readonly server: Server;
  readonly handler: MemoryHandler;
  readonly events: ServeEvent[];
  readonly #client: ConnectOptions;
  readonly #listeners: Set<(event: ServeEvent) => void>;

  private constructor(
    server: Server,
    handler: MemoryHandler,
    client: ConnectOptions,
    events: ServeEvent[],
    listeners: Set<(event: ServeEvent) => void>,
  ) {
    this.server = server;
    this.handler = handler;
    this.events = events;
    this.#client = client;
    this.#listeners = listeners;
  }

  static async start({ server, client = {} }: RigOptions = {}): Promise<Rig> {
    const handler = new MemoryHandler();
    const events: ServeEvent[] = [];
    const listeners = new Set<(event: ServeEvent) => void>();
    const started = await serve({
      handler,
      host: '127.0.0.1',
      port: 0,
      onEvent: (event) => {
        events.push(event);
        for (const listener of listeners) listener(event);
      },
      ...server,
    });
    onTestFinished(() => started.destroy());
    return new Rig(started, handler, client, events, listeners);
  }

  get port(): number {
    return this.server.address.port;
  }

  get url(): string {
    return `filex+tcp://127.0.0.1:${this.port}/`;
  }

  async connect(options: ConnectOptions = {}, url = this.url): Promise<Session> {
    const session = await connect(url, { ...this.#client, ...options });
    onTestFinished(() => session.destroy());
    return session;
  }

  /** Resolves with the first event, past or coming, for which `wanted` holds. */
  event<T extends ServeEvent['type']>(
    type: T,
    wanted: (event: Extract<ServeEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServeEvent, { type: T }>> {
    const matches = (event: ServeEvent): event is Extract<ServeEvent, { type: T }> =>
      event.type === type && wanted(event as never);
    const past = this.events.find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => {
      const listener = (event: ServeEvent): void => {
        if (!matches(event)) return;
        this.#listeners.delete(listener);
        resolve(event);
      };
      this.#listeners.add(listener);
    });
  }
}

/** A server and one session with it. */
export async function startPair(options: RigOptions = {}): Promise<{ rig: Rig; session: Session }> {
  const rig = await Rig.start(options);
  return { rig, session: await rig.connect() };
}

/** Bytes that are different everywhere, so that none can be in the wrong place unnoticed. */
export function content(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let i = 0; i < size; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
