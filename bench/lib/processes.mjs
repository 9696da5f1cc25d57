import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { untilListening } from './ports.mjs';

/** Clock ticks of Linux, in which /proc counts; it has been this on every machine for decades. */
const TICKS = 100;
/** Milliseconds that a server has to end after it was told to. */
const PATIENCE = 10_000;

/** What /proc/PID/stat says of a process: its parent, and seconds of processor time with those of its ended children. */
function statOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number);
  return {
    parent: Number(fields[1]),
    own: (ticks[0] + ticks[1]) / TICKS,
    ended: (ticks[2] + ticks[3]) / TICKS,
  };
}

/** Seconds that the ended children of this process have used; undefined off Linux. */
function processorTimeOfCommands() {
  try {
    return statOf('self').ended;
  } catch {
    return undefined;
  }
}

/** Seconds that a process and all that it started have used, also by what has ended since; undefined off Linux. */
function processorTimeOfTree(root) {
  try {
    const processes = new Map();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        processes.set(Number(name), statOf(name));
      } catch {
        // It has ended meanwhile.
      }
    }
    const sum = (pid) => {
      const { own, ended } = processes.get(pid) ?? { own: 0, ended: 0 };
      let seconds = own + ended;
      for (const [child, { parent }] of processes) if (parent === pid) seconds += sum(child);
      return seconds;
    };
    return processes.size === 0 ? undefined : sum(root);
  } catch {
    return undefined;
  }
}

/** Servers that run, which must not outlive this program. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) endGroup(child, 'SIGKILL');
});

/** A server is a group of its own, since some start more processes. */
function endGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

function start({ argv, env = {} }, { group = false } = {}) {
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  child.on('error', (error) => {
    errors += error.message;
  });
  return { child, errors: () => errors };
}

/** A server, and what its first line of output told. */
export class ServerProcess {
  told;
  #child;

  /** @param {import('../contestants.mjs').Command & { told?: any }} command see `server` of a contestant */
  static async start(command) {
    const { child, errors } = start(command, { group: true });
    running.add(child);
    const server = new ServerProcess();
    server.#child = child;
    const failed = once(child, 'close').then(() => {
      throw new Error(`the server did not start: ${errors()}`);
    });
    failed.catch(() => undefined);
    const lines = createInterface({ input: child.stdout });
    const told =
      command.told === undefined
        ? once(lines, 'line').then(([line]) => JSON.parse(line))
        : untilListening(command.told.port).then(() => command.told);
    try {
      server.told = await Promise.race([told, failed]);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get pid() {
    return this.#child.pid;
  }

  get processorTime() {
    return processorTimeOfTree(this.#child.pid);
  }

  signal(name) {
    this.#child.kill(name);
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      endGroup(child, 'SIGTERM');
      const timer = setTimeout(() => endGroup(child, 'SIGKILL'), PATIENCE);
      await exited;
      clearTimeout(timer);
    }
    endGroup(child, 'SIGKILL');
    running.delete(child);
  }
}

/** Runs a command to its end. @returns its seconds and what it printed. @throws when it fails. */
async function runCommand(command) {
  const began = performance.now();
  const { child, errors } = start(command);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`${command.argv.join(' ')}: exit ${code}: ${errors()}`);
  return { seconds, output };
}

/** Runs commands side by side; what each took, all of them together, and the processor time of both ends. */
export async function timeCommands(commands, server) {
  const before = [processorTimeOfCommands(), server?.processorTime ?? 0];
  const began = performance.now();
  const each = await Promise.all(commands.map(runCommand));
  const seconds = (performance.now() - began) / 1000;
  const after = [processorTimeOfCommands(), server?.processorTime ?? 0];
  const processor = before.concat(after).includes(undefined)
    ? undefined
    : after[0] - before[0] + (after[1] - before[1]);
  return { each, seconds, processor };
}
