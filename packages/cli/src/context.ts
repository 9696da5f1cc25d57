import { setMaxListeners } from 'node:events';
import type { FilexUrl } from '@filex/protocol';
import type { Session } from '@filex/protocol/node';
import picocolors from 'picocolors';
import packageJson from '../package.json' with { type: 'json' };
import type { Questions } from './access/questions.js';
import type { Reached, SessionOpener } from './access/session-opener.js';
import { bounds } from './bounds.js';
import type { Io } from './io.js';
import type { Settings } from './settings.js';
import { quoteCommand } from './ui/quote.js';
import { Stdout } from './ui/stdout.js';
import { usesColor } from './ui/terminal.js';

export const version: string = packageJson.version;

type Colors = ReturnType<typeof picocolors.createColors>;

/** What a verb works with: the process, the settings, one server. */
export class Context {
  readonly io: Io;
  readonly settings: Settings;
  /** Aborts when the user interrupts, or when nobody reads our output any more. */
  readonly signal: AbortSignal;
  readonly stdout: Stdout;
  readonly #interrupted: AbortSignal;
  /** For standard error. */
  readonly colors: Colors;
  readonly #argv: readonly string[];
  readonly #sessions: Session[] = [];
  #opener: Promise<SessionOpener> | undefined;

  constructor(io: Io, settings: Settings, argv: readonly string[], interrupted: AbortSignal) {
    this.io = io;
    this.settings = settings;
    this.#argv = argv;
    this.#interrupted = interrupted;
    this.stdout = new Stdout(io.stdout);
    this.signal = AbortSignal.any([interrupted, this.stdout.broken.signal]);
    // Every operation under way listens; that many is not a leak.
    setMaxListeners(0, this.signal);
    this.colors = picocolors.createColors(usesColor(io.stderr, settings.color, io.env));
  }

  /** Whether the user asked to stop. */
  get interrupted(): boolean {
    return this.#interrupted.aborted;
  }

  /** A line for people, on standard error. */
  note(text: string): void {
    if (!this.settings.quiet) this.complain(text);
  }

  /** A line for people that even `--quiet` shows. */
  complain(text: string): void {
    this.io.stderr.write(`${text}\n`);
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

  /** Whether questions may be asked, and there is somebody to answer. */
  get canAsk(): boolean {
    const { stdin, stderr } = this.io;
    return this.settings.input && stdin.isTTY === true && stderr.isTTY === true;
  }

  async open(url: FilexUrl): Promise<Session> {
    const { terminalQuestions } = await import('./ui/terminal-questions.js');
    return (await this.reach(url, this.canAsk ? terminalQuestions(this) : undefined)).session;
  }

  /** @param questions who asks what is not known: the key of the server, the passcode. */
  async reach(url: FilexUrl, questions: Questions | undefined): Promise<Reached> {
    this.#opener ??= this.#createOpener();
    const reached = await (await this.#opener).open(url, questions);
    this.#sessions.push(reached.session);
    return reached;
  }

  async #createOpener(): Promise<SessionOpener> {
    const { io, settings, signal } = this;
    const { createSessionOpener } = await import('./access/session-opener.js');
    const { loadDigestProviders } = await import('@filex/protocol/node');
    const options = {
      signal,
      timeout: settings.connectTimeout * 1000,
      bandwidthLimit: settings.bwlimit,
      digests: await loadDigestProviders(),
      agent: `filex-client/${version}`,
    };
    return createSessionOpener(io, {
      passcodeStdin: settings.passcodeStdin === true,
      connect: (address, identity) => io.connect(address, { ...options, ...identity }),
      note: (text) => this.complain(text),
    });
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
