// A server of your own: files that live in memory. Start: node embedded-server.mjs [PORT], then use any FileX client.
import { FilexError } from '@filex/protocol';
import { serve } from '@filex/protocol/node';

/** Content and entry, by path. */
const files = new Map();

function find(path) {
  const file = files.get(path);
  if (file === undefined) throw new FilexError('NOT_FOUND', `there is no ${JSON.stringify(path)}`);
  return file;
}

function store({ path, mtime, executable }, pieces) {
  const content = Buffer.concat(pieces);
  const entry = { path, kind: 'file', size: content.length, mtime: mtime ?? Date.now() * 1000, executable };
  files.set(path, { content, entry });
}

const unsupported = async () => {
  throw new FilexError('UNSUPPORTED', 'this server has no folders');
};

const handler = {
  async upload(request) {
    const { path, ifExists } = request;
    const pieces = [];
    return {
      // The bytes are only good until this returns, so they are copied.
      write: (bytes) => void pieces.push(Buffer.from(bytes)),
      // Only called when length and digest are right.
      commit: async () => {
        const replaced = files.has(path);
        if (replaced && ifExists !== 'overwrite') throw new FilexError('ALREADY_EXISTS');
        store(request, pieces);
        return { outcome: replaced ? 'replaced' : 'created', path };
      },
      abort: () => undefined,
    };
  },
  async download({ path }) {
    const { content, entry } = find(path);
    return {
      entry,
      read: async (buffer, offset) => content.copy(buffer, 0, offset),
      close: () => undefined,
    };
  },
  async *list() {
    for (const { entry } of files.values()) yield entry;
  },
  async stat({ path }) {
    if (path === '') return { path, kind: 'directory', size: 0, mtime: 0, executable: false };
    return find(path).entry;
  },
  makeDirectory: unsupported,
  rename: unsupported,
  async remove({ path }) {
    find(path);
    files.delete(path);
    return { outcome: 'removed' };
  },
};

const server = await serve({ handler, host: '127.0.0.1', port: Number(process.argv[2] ?? 12345) });
console.log(`filex+tcp://127.0.0.1:${server.address.port}/`);
process.once('SIGINT', () => server.shutdown());
process.once('SIGTERM', () => server.shutdown());
