/**
 * The programs that are measured. Each starts a server on a folder and tells the commands that move a file or folder to
 * and from it. A peer is a file in peers/, an entry here, and its name in the rows it takes part in.
 *
 * @typedef {object} Command
 * @property {readonly string[]} argv
 * @property {Readonly<Record<string, string>>} [env]
 *
 * @typedef {object} Setting
 * @property {string} root the server's folder
 * @property {string} scratch a folder for keys and configuration
 * @property {string} name of the file or folder that is moved
 * @property {'blake3' | 'sha256'} algorithm
 *
 * @typedef {Setting & { told: any, port: number, source: string, destination: string }} Move
 *   `told` is what the server said when it started, `source` where a copy of what is moved lies, `destination` the folder
 *   that it goes to in a download; `port` is the one to connect to
 *
 * @typedef {object} Contestant
 * @property {string} title
 * @property {() => string | undefined} [missing] why it cannot run here
 * @property {() => string} [version]
 * @property {(setting: Setting & { nodeArguments?: readonly string[], env?: Readonly<Record<string, string>> }) => any} [server] a Command, maybe promised. It prints one line of
 *   JSON when it is ready; with `told.port` beside the command it prints nothing, and is ready when it listens there
 * @property {boolean} [takesNodeArguments] whether its server is a program of Node that takes `nodeArguments` and `env`
 * @property {(told: any, direction: 'up' | 'down') => number} [port] `told.port` unless it says otherwise
 * @property {(move: Move) => Promise<void>} [ready] resolves when the next command can be started
 * @property {(move: Move) => Command} [up] sends `source` to the server's folder
 * @property {(move: Move) => Command} [down] fetches `name` into the folder `destination`
 * @property {(move: Move) => Command} [list] lists the folder `name`
 */
import { dirname, join } from 'node:path';
import { filexPeer } from './peers/filex.mjs';
import { ftp } from './peers/ftp.mjs';
import { nginx, nginxTls } from './peers/nginx.mjs';
import { rsync } from './peers/rsync.mjs';
import { sftp } from './peers/sftp.mjs';
import { tar } from './peers/tar.mjs';
import { tus } from './peers/tus.mjs';

const here = (name) => join(import.meta.dirname, name);
const node = process.execPath;

/** @type {Contestant} */
const library = {
  title: '@filex/protocol/node',
  server: ({ root, algorithm }) => ({ argv: [node, here('programs/library-server.mjs'), root, algorithm] }),
  up: ({ port, source, algorithm }) => ({
    argv: [node, here('programs/library-client.mjs'), 'put', source, String(port), algorithm],
  }),
  down: ({ port, name, source, algorithm, destination }) => ({
    argv: [node, here('programs/library-client.mjs'), 'get', name, String(port), algorithm, destination],
    env: { FILEX_BENCH_SOURCE: dirname(source) },
  }),
};

/** @type {Contestant} */
const bare = {
  title: 'bare Node program pair',
  server: ({ root, algorithm }) => ({ argv: [node, here('baselines/server.mjs'), root, algorithm] }),
  port: (told, direction) => told[direction],
  up: ({ port, source, algorithm }) => ({
    argv: [node, here('baselines/client.mjs'), 'put', source, String(port), algorithm],
  }),
  down: ({ port, name, algorithm, destination }) => ({
    argv: [node, here('baselines/client.mjs'), 'get', name, String(port), algorithm, destination],
  }),
};

/** The start of Node and nothing else. @type {Contestant} */
const nothing = {
  title: 'node -e 0',
  list: () => ({ argv: [node, '-e', '0'] }),
};

/** @type {Readonly<Record<string, Contestant>>} */
export const contestants = {
  // No peer flushes what it has stored to the disk, so FileX is told not to when it is compared with them.
  filex: filexPeer({ title: 'FileX, no fsync', tls: false, durability: 'none' }),
  'filex-fsync': filexPeer({ title: 'FileX, with fsync (its default)', tls: false, durability: 'commit' }),
  'filex-tls': filexPeer({ title: 'FileX over TLS, no fsync', tls: true, durability: 'none' }),
  'filex-tls-fsync': filexPeer({
    title: 'FileX over TLS, with fsync (its default)',
    tls: true,
    durability: 'commit',
  }),
  library,
  bare,
  rsync,
  sftp,
  nginx,
  'nginx-tls': nginxTls,
  tus,
  ftp,
  tar,
  node: nothing,
};
