import { join } from 'node:path';
import { type Event, startClient } from '../harness/client.js';
import type { Command, Exit } from '../harness/command.js';
import type { Ledger } from './ledger.js';

export type Policy = 'fail' | 'skip' | 'rename' | 'overwrite' | 'newer';

/** What one command is to bring to where. */
export interface Task {
  readonly name: string;
  readonly kind: 'put' | 'get';
  readonly policy: Policy;
  /** What it brings, by the path that it has at the target: the content's digest. */
  readonly files: ReadonlyMap<string, string>;
  readonly bytes: number;
  /** Local folder that is sent, or that takes what comes. */
  readonly local: string;
  /** Folder where its names at the target are, of which `to` of an event is a path. */
  readonly target: string;
  /** Names may be taken by something else, so that some files may fail of that. */
  readonly conflicts: boolean;
  /** What it has acknowledged may be replaced by another command. */
  readonly contested: boolean;
  /** A folder of its own for what the client remembers. */
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** What is different when it is run for the first time. */
  readonly firstEnv?: Readonly<Record<string, string>> | undefined;
}

/** A command that is run, and run again, until it has done what it was told. */
export class Job {
  readonly task: Task;
  readonly #ledger: Ledger;
  #command: Command | undefined;
  /** Files that were acknowledged, by where they are. */
  readonly acknowledged = new Map<string, string>();
  runs = 0;
  /** What it has said on standard error when it was run for the first time. */
  firstWords = '';
  #failed: () => void = () => undefined;
  /** Resolves when a run has failed. */
  readonly failure = new Promise<void>((resolve) => {
    this.#failed = resolve;
  });

  constructor(task: Task, ledger: Ledger) {
    this.task = task;
    this.#ledger = ledger;
  }

  signal(signal: NodeJS.Signals): boolean {
    if (this.#command?.running !== true) return false;
    this.#command.signal(signal);
    return true;
  }

  get isRunning(): boolean {
    return this.#command?.running === true;
  }

  /** Runs the command once. Returns undefined when it is done, or why it is not. */
  async run(url: (path: string) => string): Promise<string | undefined> {
    this.runs += 1;
    const { kind, policy, local, name, home, env, firstEnv } = this.task;
    const places = kind === 'put' ? [local, url('')] : [url(name), local];
    const words = [kind, '-r', '--json', '--no-input', '--if-exists', policy, ...places];
    this.#command = startClient(words, {
      env: {
        ...env,
        ...(this.runs === 1 ? firstEnv : {}),
        HOME: home,
        XDG_STATE_HOME: join(home, 'state'),
        XDG_CONFIG_HOME: join(home, 'config'),
        XDG_CACHE_HOME: join(home, 'cache'),
      },
    });
    const exit = await this.#command.exited;
    if (this.runs === 1) this.firstWords = exit.stderr;
    const events = wholeEvents(exit);
    this.#acknowledge(events);
    this.check();
    const why = this.#isDone(exit, events)
      ? undefined
      : `${exit.code ?? exit.signal}: ${exit.stderr.slice(-1500)}`;
    if (why !== undefined) this.#failed();
    return why;
  }

  /** Whether what was acknowledged is there; before it could be put right by running the command again. */
  check(): void {
    for (const [path, digest] of this.acknowledged) {
      if (this.task.contested || this.#ledger.holds(path, digest)) continue;
      this.#ledger.violations.push(`${path} was acknowledged and is not there`);
    }
  }

  #acknowledge(events: readonly Event[]): void {
    for (const event of events) {
      if (event.event !== 'file' || event['status'] !== 'done') continue;
      const to = String(event['to']);
      const path = this.task.kind === 'put' ? join(this.task.target, to) : to;
      const digest = this.task.files.get(path) ?? this.task.files.get(path.replace(/ \(\d+\)$/, ''));
      if (digest === undefined) this.#ledger.violations.push(`${path} was acknowledged and nobody sent it`);
      else this.acknowledged.set(path, digest);
    }
  }

  #isDone({ code }: Exit, events: readonly Event[]): boolean {
    if (code === 0) return true;
    const last = events.at(-1);
    if (!this.task.conflicts || last?.event !== 'summary' || last['stopped'] !== false) return false;
    const failures = events.filter(({ event, status }) => event === 'file' && status === 'failed');
    return failures.length > 0 && failures.every(({ code: why }) => why === 'ALREADY_EXISTS');
  }
}

/** The events of a client that may have been killed in the middle of a line. */
function wholeEvents({ stdout }: Exit): Event[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}
