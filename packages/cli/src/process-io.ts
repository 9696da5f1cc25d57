import { basename } from 'node:path';
import type { Paths } from 'env-paths';
import type { Io } from './io.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The real process. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    platform: process.platform,
    program: programName(process.argv[1] ?? '', process.env),
    now: () => performance.now(),
    // The driver is only loaded by what talks to a server.
    connect: async (url, options) => (await import('@filex/protocol/node')).connect(url, options),
    configDirectory: async () => (await ownPaths()).config,
    stateDirectory: async () => {
      const paths = await ownPaths();
      // On Linux `log` is $XDG_STATE_HOME, the place for what a program remembers; elsewhere that is `data`.
      return process.platform === 'linux' ? paths.log : paths.data;
    },
    onInterrupt: (listener) => {
      for (const signal of signals) process.on(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    interrupt: () => void process.emit('SIGINT'),
    exit: (code) => process.exit(code),
    onExit: (listener) => {
      process.on('exit', listener);
      return () => process.off('exit', listener);
    },
  };
}

async function ownPaths(): Promise<Paths> {
  const { default: envPaths } = await import('env-paths');
  return envPaths('filex', { suffix: '' });
}

/** @param script `process.argv[1]`: the link in some `bin` folder, or the file itself. */
export function programName(script: string, env: Readonly<Record<string, string | undefined>>): string[] {
  // Set by `npx` and `npm exec`: the name alone would not be found then, and `npx filex` is another package.
  if (env['npm_command'] === 'exec') return ['npx', 'filex-client'];
  const name = basename(script).replace(/\.(?:js|cmd|ps1)$/, '');
  return [name === 'filex' ? 'filex' : 'filex-client'];
}
