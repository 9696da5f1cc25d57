import { setMaxListeners } from 'node:events';
import { FilexError, type FilexUrl } from '@filex/protocol';
import type { Session, SessionState } from '@filex/protocol/node';
import picocolors from 'picocolors';
import packageJson from '../package.json' with { type: 'json' };
import type { Questions } from './access/questions.js';
import type { Reached, SessionOpener } from './access/session-opener.js';
import { bounds } from './bounds.js';
import { AdvisedError, exits, isTransient } from './errors.js';
import type { Io } from './io.js';
import type { Settings } from './settings.js';
import { quoteCommand } from './ui/quote.js';
import { Stdout } from './ui/stdout.js';
import { usesColor } from './ui/terminal.js';

export const version: string = packageJson.version;

type Colors = ReturnType<typeof picocolors.createColors>;

/** What a session is for: `names` moves and digests no content, so that loading BLAKE3 for it would be in vain. */
type Use = 'content' | 'names';

/** What a verb works with: the process, the settings, one server. */
export class Context {
  readonly io: Io;
  readonly settings: Settings;
  /** Aborts when the user interrupts, when `--timeout` has passed, or when nobody reads our output any more. */
  readonly signal: AbortSignal;
  readonly stdout: Stdout;
  readonly #interrupted: AbortSignal;
  readonly #deadline: AbortSignal | undefined;
  readonly #argv: readonly string[];
  readonly #sessions: Session[] = [];
  #opener: Promise<SessionOpener> | undefined;
  /** Told about the connection, unless somebody else is, who shows more. */
  #watcher: ((state: SessionState) => void) | undefined;
  #connection: SessionState | undefined;
  #warner: ((text: string) => void) | undefined;
  #colors: Colors | undefined;

  /**
   * @param interrupted aborts when the user wants to stop.
   * @param deadline aborts, with why, when the command may not go on any longer.
   */
  constructor(
    io: Io,
    settings: Settings,
    argv: readonly string[],
    interrupted: AbortSignal,
    deadline?: AbortSignal,
  ) {
    this.io = io;
    this.settings = settings;
    this.#argv = argv;
    this.#interrupted = interrupted;
    this.#deadline = deadline;
    this.stdout = new Stdout(io.stdout);
    const stops = [interrupted, this.stdout.broken.signal, ...(deadline === undefined ? [] : [deadline])];
    this.signal = AbortSignal.any(stops);
    // Every operation under way listens; that many is not a leak.
    setMaxListeners(0, this.signal);
  }

  /** Whether the user asked to stop. */
  get interrupted(): boolean {
    return this.#interrupted.aborted;
  }

  /** Whether `--timeout` has passed. */
  get late(): boolean {
    return this.#deadline?.aborted === true;
  }

  /** A line for people, on standard error. */
  note(text: string): void {
    if (!this.settings.quiet) this.complain(text);
  }

  /** A line for people that even `--quiet` shows. */
  complain(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  /** Something that people should know though nothing has failed; not with `--quiet`. */
  warn(text: string): void {
    if (this.settings.quiet) return;
    if (this.#warner === undefined) this.complain(text);
    else this.#warner(text);
  }

  /** Has warnings shown by somebody who has the screen. Returns how to end that. */
  warnBy(warner: (text: string) => void): () => void {
    this.#warner = warner;
    return () => {
      this.#warner = undefined;
    };
  }

  /** A line of data. */
  line(text: string): Promise<void> | undefined {
    return this.stdout.line(text);
  }

  /** An event of `--json`. Every one has the version of their format. */
  event(event: Readonly<Record<string, unknown>>): Promise<void> | undefined {
    return this.stdout.line(eventLine(event));
  }

  /** An event in passing: does not wait for a slow reader. */
  post(event: Readonly<Record<string, unknown>>): void {
    this.stdout.post(eventLine(event));
  }

  /** `--dry-run`: what would be done, for people or as an event. */
  plan(action: string, facts: Readonly<Record<string, unknown>>, shown: string): Promise<void> | undefined {
    return this.settings.json
      ? this.event({ event: 'plan', action, ...facts })
      : this.line(`would ${action} ${shown}`);
  }

  /** For standard error. */
  get colors(): Colors {
    this.#colors ??= picocolors.createColors(usesColor(this.io.stderr, this.settings.color, this.io.env));
    return this.#colors;
  }

  /** Whether questions may be asked, and there is somebody to answer. */
  get canAsk(): boolean {
    // Standard input last: Node opens it when it is looked at, which takes a while.
    return this.settings.input && this.io.stderr.isTTY === true && this.io.stdin.isTTY === true;
  }

  /** @param use what the session is for; the first one decides. */
  async open(url: FilexUrl, use: Use): Promise<Session> {
    if (this.#watcher === undefined) await this.#tellConnection();
    const questions = this.canAsk
      ? (await import('./ui/terminal-questions.js')).terminalQuestions(this)
      : undefined;
    return (await this.reach(url, questions, use)).session;
  }

  /** @param questions who asks what is not known: the key of the server, the passcode. */
  async reach(url: FilexUrl, questions: Questions | undefined, use: Use): Promise<Reached> {
    this.#opener ??= this.#createOpener(use);
    const reached = await (await this.#opener).open(url, questions);
    this.#sessions.push(reached.session);
    return reached;
  }

  /**
   * Has somebody told when a session loses its connection, or has one again.
   * @returns ends that; whoever was told before is told again.
   */
  watchConnection(watcher: (state: SessionState) => void): () => void {
    const before = this.#watcher;
    this.#watcher = watcher;
    return () => {
      this.#watcher = before;
    };
  }

  /** For verbs that have nothing else to show. */
  async #tellConnection(): Promise<void> {
    const { ConnectionEvents, ConnectionNotes } = await import('./ui/connection-notes.js');
    const { json, quiet } = this.settings;
    if (quiet && !json) return;
    const teller = json
      ? new ConnectionEvents((event) => this.post(event))
      : new ConnectionNotes({ write: (line) => this.complain(line), now: this.io.now });
    this.#watcher ??= (state) => teller.change(state);
  }

  /** What an error means, given what became of the connection: that every attempt to connect again was in vain. */
  explain(error: unknown): unknown {
    const last = this.#connection;
    if (last === undefined || last.state === 'connected' || last.attempt < last.retries) return error;
    if (!(error instanceof FilexError) || !isTransient(error.code)) return error;
    const times = last.retries === 1 ? 'one attempt' : `${last.retries} attempts`;
    return new AdvisedError(
      error.code,
      `gave up after ${times} to connect again: ${error.message}`,
      'Run the same command again when the server is back. --retries N tries more often.',
      error,
      exits.retriesExhausted,
    );
  }

  async #createOpener(use: Use): Promise<SessionOpener> {
    const { io, settings, signal } = this;
    const { createSessionOpener } = await import('./access/session-opener.js');
    const { loadDigestProviders } = await import('./driver.js');
    const options = {
      signal,
      timeout: settings.connectTimeout * 1000,
      bandwidthLimit: settings.bwlimit,
      digests: use === 'content' ? await loadDigestProviders() : undefined,
      agent: `filex-client/${version}`,
      reconnect: settings.retries > 0 && {
        retries: settings.retries,
        onState: (state: SessionState) => {
          this.#connection = state;
          this.#watcher?.(state);
        },
      },
    };
    return createSessionOpener(io, {
      passcodeStdin: settings.passcodeStdin === true,
      connect: (address, identity) => io.connect(address, { ...options, ...identity }),
      note: (text) => this.complain(text),
    });
  }

  /** The words of the command line as they were given. */
  get words(): readonly string[] {
    return this.#argv;
  }

  /** The command line as it was given. */
  get commandLine(): string {
    return this.quote(this.#argv);
  }

  /** A command of ours that can be pasted into the user's shell. */
  quote(words: readonly string[]): string {
    return quoteCommand([...this.io.program, ...words], this.io.platform);
  }

  /** Says goodbye to the server; when that takes too long, or everything was stopped, just hangs up. */
  async close(): Promise<void> {
    await Promise.all(this.#sessions.splice(0).map((session) => this.#end(session)));
  }

  async #end(session: Session): Promise<void> {
    if (this.signal.aborted) {
      session.destroy();
      return;
    }
    const timer = setTimeout(() => session.destroy(), bounds.closeTimeout);
    try {
      await session.close();
    } finally {
      clearTimeout(timer);
    }
  }
}

// DEL and C1, which JSON leaves as they are, and some terminals obey.
const unescaped = /[\x7f-\x9f]/g;

function eventLine(event: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ v: 1, ...event }).replace(
    unescaped,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
