import { homedir } from 'node:os';
import { basename } from 'node:path';
import type { Io } from './io.js';
import { configFolder, type Home, stateFolder } from './user-folders.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The real process. */
export function processIo(): Io {
  return {
    // Node opens each of them when it is first looked at, which takes a while.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    env: process.env,
    platform: process.platform,
    program: programName(process.argv[1] ?? '', process.env),
    now: () => performance.now(),
    // The driver is only loaded by what talks to a server.
    connect: async (url, options) => (await import('./driver.js')).connect(url, options),
    configDirectory: () => configFolder(home()),
    stateDirectory: () => stateFolder(home()),
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

function home(): Home {
  return { platform: process.platform, env: process.env, folder: homedir() };
}

/** @param script `process.argv[1]`: the link in some `bin` folder, or the file itself. */
export function programName(script: string, env: Readonly<Record<string, string | undefined>>): string[] {
  // Set by `npx` and `npm exec`: the name alone would not be found then, and `npx filex` is another package.
  if (env['npm_command'] === 'exec') return ['npx', 'filex-client'];
  const name = basename(script).replace(/\.(?:js|cmd|ps1)$/, '');
  return [name === 'filex' ? 'filex' : 'filex-client'];
}
