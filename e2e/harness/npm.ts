import { Command, type CommandOptions } from './command.js';

const names = process.platform === 'win32' ? { npm: 'npm.cmd', npx: 'npx.cmd' } : { npm: 'npm', npx: 'npx' };

/** npm with the settings of whoever runs the tests: which registry, which cache. */
export function npm(program: 'npm' | 'npx', words: readonly string[], options: CommandOptions): Command {
  const own = Object.entries(process.env).filter(
    ([name]) => /^(?:HOME|XDG_.*|NODE_EXTRA_CA_CERTS)$/.test(name) || /^npm_config_/i.test(name),
  );
  return new Command(names[program], words, {
    ...options,
    group: true,
    env: { ...Object.fromEntries(own), NO_UPDATE_NOTIFIER: '1', ...options.env },
  });
}
