/**
 * The programs that are measured. Each starts a server on a folder and tells the commands that move a file or folder to
 * and from it; a peer is one more entry here and in the rows it takes part in.
 *
 * @typedef {object} Command
 * @property {readonly string[]} argv
 * @property {Readonly<Record<string, string>>} [env]
 *
 * @typedef {object} Contestant
 * @property {string} title
 * @property {() => string | undefined} [missing] why it cannot run here
 * @property {(setting: { root: string, algorithm: string }) => { argv: readonly string[], env?: Readonly<Record<string, string>> }} server prints one line of JSON
 * @property {(setting: { told: any, algorithm: string, source: string }) => Command} up sends `source` to the server's folder
 * @property {(setting: { told: any, algorithm: string, source: string, destination: string, name: string }) => Command} down
 *   fetches `name` into the folder `destination`; `source` is where a copy of it lies
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => join(import.meta.dirname, name);
const node = process.execPath;

/** The program of a package as npm would run it. */
function bin(packageName) {
  const file = fileURLToPath(import.meta.resolve(`${packageName}/package.json`));
  const { bin: bins } = JSON.parse(readFileSync(file, 'utf8'));
  return join(dirname(file), bins[packageName]);
}

/** The address without TLS, like that of the peers. Only this machine may use it. */
function plaintext({ urls }) {
  return `filex+tcp://127.0.0.1:${new URL(urls[0]).port}/`;
}

/** @type {Readonly<Record<string, Contestant>>} */
export const contestants = {
  filex: {
    title: 'filex-client, filex-server',
    missing: () =>
      ['filex-client', 'filex-server'].map(bin).every(existsSync) ? undefined : 'the programs are not built',
    server: ({ root, algorithm }) => ({
      argv: [
        node,
        // The two ends agree on the best digest that both have, so one that has no blake3 makes it sha256.
        ...(algorithm === 'sha256' ? ['--import', here('programs/without-blake3.mjs')] : []),
        ...[
          bin('filex-server'),
          root,
          '--host',
          '127.0.0.1',
          '--port',
          '0',
          '--json',
          '--anonymous',
          'write',
        ],
      ],
      env: { FILEX_STATE: `${root}-state` },
    }),
    up: ({ told, source }) => ({
      argv: [node, bin('filex-client'), 'put', '-q', '-r', source, plaintext(told)],
    }),
    down: ({ told, name, destination }) => ({
      argv: [node, bin('filex-client'), 'get', '-q', '-r', new URL(name, plaintext(told)).href, destination],
    }),
  },

  library: {
    title: '@filex/protocol/node',
    server: ({ root, algorithm }) => ({ argv: [node, here('programs/library-server.mjs'), root, algorithm] }),
    up: ({ told, source, algorithm }) => ({
      argv: [node, here('programs/library-client.mjs'), 'put', source, String(told.port), algorithm],
    }),
    down: ({ told, name, source, algorithm, destination }) => ({
      argv: [
        ...[node, here('programs/library-client.mjs'), 'get', name, String(told.port), algorithm],
        destination,
      ],
      env: { FILEX_BENCH_SOURCE: dirname(source) },
    }),
  },

  bare: {
    title: 'bare Node program pair',
    server: ({ root, algorithm }) => ({ argv: [node, here('baselines/server.mjs'), root, algorithm] }),
    up: ({ told, source, algorithm }) => ({
      argv: [node, here('baselines/client.mjs'), 'put', source, String(told.up), algorithm],
    }),
    down: ({ told, name, algorithm, destination }) => ({
      argv: [node, here('baselines/client.mjs'), 'get', name, String(told.down), algorithm, destination],
    }),
  },
};
