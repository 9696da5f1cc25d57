// FTP in Node: the most used server and client of npm. Under the final name at once, no digest, no flush.
import { join } from 'node:path';
import { packageMissing, packageVersion } from '../lib/installed.mjs';

const program = (name) => [process.execPath, join(import.meta.dirname, 'programs', name)];

/** @type {import('../contestants.mjs').Contestant} */
export const ftp = {
  title: 'ftp-srv + basic-ftp',
  missing: () => packageMissing('ftp-srv', 'basic-ftp'),
  version: () => `ftp-srv ${packageVersion('ftp-srv')}, basic-ftp ${packageVersion('basic-ftp')}`,
  server: ({ root }) => ({ argv: [...program('ftp-server.mjs'), root] }),
  up: ({ port, source, name }) => ({
    argv: [...program('ftp-client.mjs'), 'put', source, name, String(port)],
  }),
  down: ({ port, name, destination }) => ({
    argv: [...program('ftp-client.mjs'), 'get', join(destination, name), name, String(port)],
  }),
};
