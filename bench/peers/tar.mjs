// tar through nc: no name is checked, nothing digested, nothing told when it goes wrong. The least that moving files
// between two machines can cost, and what nobody should use.
import { join } from 'node:path';
import { notInstalled, versionOf } from '../lib/installed.mjs';
import { untilListening } from '../lib/ports.mjs';

const shell = (script, ...args) => ({ argv: ['/bin/sh', '-c', script, 'sh', ...args.map(String)] });

/** @type {import('../contestants.mjs').Contestant} */
export const tar = {
  title: 'tar over nc (unsafe)',
  missing: () => notInstalled('tar', 'nc'),
  version: () => `tar ${versionOf('tar', ['--version'], /tar\) (\S+)/)}`,
  server: ({ root, name }) => ({
    argv: [process.execPath, join(import.meta.dirname, 'programs/tar-server.mjs'), root, name],
  }),
  port: (told, direction) => told[direction],
  // nc serves one connection, then the next one has to be started.
  ready: ({ port }) => untilListening(port),
  // The second nc comes back when what was sent is unpacked.
  up: ({ told, port, source, name }) =>
    shell(
      'tar -c -C "$1" "$2" | nc -N 127.0.0.1 "$3" && nc -d 127.0.0.1 "$4"',
      source.slice(0, -name.length),
      name,
      port,
      told.unpacked,
    ),
  down: ({ port, destination }) => shell('nc -d 127.0.0.1 "$2" | tar -x -C "$1"', destination, port),
};
