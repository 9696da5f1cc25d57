// filex-server and filex-client as their users start them. Only this machine may connect without TLS, so the plain address
// of loopback is compared with peers that do not encrypt.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const node = process.execPath;
const program = (name) => join(import.meta.dirname, '../programs', name);

/** What a package has as its package.json says. */
function packageOf(name) {
  const file = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  return { folder: dirname(file), ...JSON.parse(readFileSync(file, 'utf8')) };
}

/** The program of a package as npm would run it. */
function bin(name) {
  const { folder, bin: bins } = packageOf(name);
  return join(folder, bins[name]);
}

/** Nothing that the user of this machine has is read or written. */
const homeIn = (scratch) => ({
  XDG_CONFIG_HOME: join(scratch, 'config'),
  XDG_STATE_HOME: join(scratch, 'state'),
  XDG_DATA_HOME: join(scratch, 'data'),
  XDG_CACHE_HOME: join(scratch, 'cache'),
});

let help;
/** Whether `get` can be told not to flush, as the server can be. */
function clientHasDurability() {
  help ??= execFileSync(node, [bin('filex-client'), 'get', '--help'], { encoding: 'utf8' });
  return help.includes('--durability');
}

/**
 * @param {object} kind
 * @param {string} kind.title
 * @param {boolean} kind.tls
 * @param {'none' | 'commit'} kind.durability
 * @returns {import('../contestants.mjs').Contestant}
 */
export function filexPeer({ title, tls, durability }) {
  const url = ({ port, told, path = '' }) =>
    tls
      ? `filex://127.0.0.1:${port}/${path}?fp=${told.fingerprint}`
      : `filex+tcp://127.0.0.1:${port}/${path}`;
  const client = ({ scratch }, ...args) => ({
    argv: [node, bin('filex-client'), ...args],
    env: homeIn(scratch),
  });
  return {
    title,
    takesNodeArguments: true,
    missing: () =>
      ['filex-client', 'filex-server'].map(bin).every(existsSync) ? undefined : 'the programs are not built',
    version: () => `filex ${packageOf('filex-server').version}`,
    server: ({ root, scratch, algorithm, nodeArguments = [], serverArguments = [], env = {} }) => ({
      argv: [
        node,
        // The two ends agree on the best digest that both have, so one that has no blake3 makes it sha256.
        ...(algorithm === 'sha256' ? ['--import', program('without-blake3.mjs')] : []),
        ...nodeArguments,
        ...[bin('filex-server'), root, '--host', '127.0.0.1', '--port', '0', '--json'],
        ...['--anonymous', 'write', '--log-level', 'warn', '--durability', durability, ...serverArguments],
      ],
      env: { FILEX_STATE: join(scratch, 'server'), ...env },
    }),
    port: ({ urls }) => Number(new URL(urls[0]).port),
    up: (setting) => client(setting, 'put', '-q', '-r', setting.source, url(setting)),
    down: (setting) =>
      client(
        setting,
        ...['get', '-q', '-r', ...(clientHasDurability() ? ['--durability', durability] : [])],
        ...[url({ ...setting, path: setting.name }), setting.destination],
      ),
    list: (setting) => client(setting, 'ls', '-q', url({ ...setting, path: `${setting.name}/` })),
  };
}
