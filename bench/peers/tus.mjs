// tus, the protocol of resumable uploads over HTTP, by its reference server and client. There are no downloads in it.
import { join } from 'node:path';
import { packageMissing, packageVersion } from '../lib/installed.mjs';

const program = (name) => [process.execPath, join(import.meta.dirname, 'programs', name)];

/** @type {import('../contestants.mjs').Contestant} */
export const tus = {
  title: '@tus/server + tus-js-client',
  missing: () => packageMissing('@tus/server', '@tus/file-store', 'tus-js-client'),
  version: () =>
    `@tus/server ${packageVersion('@tus/server')}, tus-js-client ${packageVersion('tus-js-client')}`,
  server: ({ root }) => ({ argv: [...program('tus-server.mjs'), root] }),
  up: ({ port, source, name }) => ({ argv: [...program('tus-client.mjs'), source, name, String(port)] }),
};
