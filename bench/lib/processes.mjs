import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

/** Clock ticks of Linux, in which /proc counts; it has been this on every machine for decades. */
const TICKS = 100;

/** Seconds of processor time that a process, or the finished children of this one, have used; undefined off Linux. */
function processorTime(pid, children) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system] = fields.slice(children ? 13 : 11);
    return (Number(user) + Number(system)) / TICKS;
  } catch {
    return undefined;
  }
}

function start({ argv, env = {} }) {
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  return { child, errors: () => errors };
}

/** A server, and what its first line of output told. */
export class ServerProcess {
  told;
  #child;

  static async start(command) {
    const { child, errors } = start(command);
    const server = new ServerProcess();
    server.#child = child;
    const lines = createInterface({ input: child.stdout });
    const line = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    if (typeof line[0] !== 'string') throw new Error(`the server did not start: ${errors()}`);
    server.told = JSON.parse(line[0]);
    return server;
  }

  get processorTime() {
    return processorTime(this.#child.pid, false);
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(timer);
  }
}

/** Runs a command to its end; seconds of clock and processor (both ends together). */
export async function timeCommand(command, server, timing) {
  const before = [processorTime('self', true), server.processorTime];
  const began = performance.now();
  const { child, errors } = start(command);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  const elapsed = performance.now() - began;
  if (code !== 0) throw new Error(`${command.argv.join(' ')}: exit ${code}: ${errors()}`);
  const after = [processorTime('self', true), server.processorTime];
  return {
    seconds: (timing === 'inside' ? JSON.parse(output).ms : elapsed) / 1000,
    processor: before.concat(after).includes(undefined)
      ? undefined
      : after[0] - before[0] + (after[1] - before[1]),
  };
}
