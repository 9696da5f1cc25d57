import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import { bounds } from './bounds.js';
import type { ClientUnderTest, Ending, RunningClient, Task, Verb } from './client-under-test.js';
import { type CommandTemplate, fillTemplate } from './command-template.js';

/** A client that is a program: it is started anew for each thing it is asked to do. */
export class ProcessClient implements ClientUnderTest {
  readonly name: string;
  readonly #commands: ReadonlyMap<Verb, CommandTemplate>;

  constructor(commands: ReadonlyMap<Verb, CommandTemplate>) {
    this.#commands = commands;
    const programs = [...commands.values()].map((words) => basename(words[0] as string));
    this.name = [...new Set(programs)].join(', ');
  }

  can(verb: Verb): boolean {
    return this.#commands.has(verb);
  }

  start(task: Task): RunningClient {
    const [command, ...args] = fillTemplate(this.#commands.get(task.verb) as CommandTemplate, task);
    const child = spawn(command as string, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        // What it keeps for its user is not to be kept for the one who tests it.
        HOME: task.home,
        USERPROFILE: task.home,
        XDG_CONFIG_HOME: task.home,
        XDG_STATE_HOME: task.home,
        XDG_CACHE_HOME: task.home,
        NO_COLOR: '1',
        FILEX_PASSCODE: task.passcode,
      },
    });
    return new RunningProcess(child, task);
  }
}

class RunningProcess implements RunningClient {
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  #output = '';

  constructor(child: ChildProcess, { holdOutput, timeout }: Task) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    child.stdout?.setEncoding('utf8');
    if (!holdOutput) this.release();
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.stop();
    }, timeout);
    this.ended = new Promise((resolve) => {
      const settle = (ok: boolean, how: string): void => {
        clearTimeout(timer);
        resolve({ ok, how, killed, output: this.#output });
      };
      child.once('error', (error) => settle(false, `it could not be started: ${error.message}`));
      child.once('close', (code, signal) =>
        settle(code === 0, code === null ? `ended by ${signal}` : `exit code ${code}`),
      );
    });
  }

  release(): void {
    this.#child.stdout?.on('data', (text: string) => this.#keep(text));
  }

  stop(): void {
    this.#child.stdout?.resume();
    this.#child.kill('SIGKILL');
  }

  #keep(text: string): void {
    if (this.#output.length < bounds.output) this.#output += text;
  }
}
