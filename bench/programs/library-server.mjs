// node library-server.mjs DIR DIGEST: `serve` with the least handler that stores and gives files, by the pieces that the
// library publishes for this. Prints {"port":…}. What it adds up to beside filex-server is the price of the store.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FilexError } from '@filex/protocol';
import { FileSink, FileSource, serve } from '@filex/protocol/node';
import { providersFor } from './digests.mjs';

const [root, algorithm] = process.argv.slice(2);

const refuse = () => {
  throw new FilexError('UNSUPPORTED');
};

const handler = {
  async upload({ path, size, ifExists, mtime = Date.now() * 1000, executable }) {
    const destination = join(root, path);
    await mkdir(dirname(destination), { recursive: true });
    const expected = size === undefined ? undefined : { size, mtime };
    const sink = await FileSink.open(destination, { ifExists, durable: false, expected });
    return {
      write: (bytes) => sink.write(bytes),
      commit: async ({ length, digest, algorithm }) => {
        const entry = { path, kind: 'file', size: length, mtime, executable };
        const { outcome } = await sink.commit({ entry, digest, algorithm });
        return { outcome, path };
      },
      abort: () => sink.abort(),
    };
  },
  async download({ path }) {
    const source = await FileSource.open(join(root, path));
    const { size, mtime, executable } = source;
    return {
      entry: { path, kind: 'file', size, mtime, executable },
      read: (buffer, offset) => source.read(buffer, offset),
      verify: () => source.verify(),
      close: () => source.close(),
    };
  },
  list: refuse,
  stat: refuse,
  makeDirectory: refuse,
  rename: refuse,
  remove: refuse,
};

const server = await serve({ handler, host: '127.0.0.1', port: 0, digests: await providersFor(algorithm) });
console.log(JSON.stringify({ port: server.address.port }));
// Not destroyed but left, so that --cpu-prof has its say: it writes when the process ends by itself or by exit().
process.on('SIGTERM', () => void server.destroy().then(() => process.exit(0)));
