// node tus-server.mjs DIR: prints {"port":…}.
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [directory] = process.argv.slice(2);
const server = new Server({
  path: '/files',
  datastore: new FileStore({ directory }),
  // The name that the client gives, so that what came can be compared.
  namingFunction: (_request, metadata) => metadata.filename,
});
const listening = server.listen({ host: '127.0.0.1', port: 0 }, () =>
  console.log(JSON.stringify({ port: listening.address().port })),
);
