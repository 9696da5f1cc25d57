// The daemon of rsync, without ssh: temporary file and rename, xxh128 over what was sent, no flush to the disk.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { notInstalled, versionOf, whereIs } from '../lib/installed.mjs';
import { freePort } from '../lib/ports.mjs';

/** Folders, times and the executable bit, which FileX keeps too. */
const SAME_AS_FILEX = '-rtE';

/** @type {import('../contestants.mjs').Contestant} */
export const rsync = {
  title: 'rsync daemon',
  missing: () => notInstalled('rsync'),
  version: () => `rsync ${versionOf('rsync', ['--version'], /version (\S+)/)}`,
  async server({ root, scratch }) {
    const port = await freePort();
    const config = join(scratch, 'rsyncd.conf');
    const { username } = userInfo();
    const lines = [
      'use chroot = no',
      // A daemon of root would otherwise become nobody.
      ...(process.getuid?.() === 0 ? [`uid = ${username}`, 'gid = *'] : []),
      `log file = ${join(scratch, 'rsyncd.log')}`,
      `lock file = ${join(scratch, 'rsyncd.lock')}`,
      'max connections = 0',
      '[bench]',
      `path = ${root}`,
      'read only = no',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    return {
      argv: [
        ...[whereIs('rsync'), '--daemon', '--no-detach', `--config=${config}`],
        ...['--address=127.0.0.1', `--port=${port}`],
      ],
      told: { port },
    };
  },
  up: ({ port, source }) => ({
    argv: [whereIs('rsync'), SAME_AS_FILEX, source, `rsync://127.0.0.1:${port}/bench/`],
  }),
  down: ({ port, name, destination }) => ({
    argv: [whereIs('rsync'), SAME_AS_FILEX, `rsync://127.0.0.1:${port}/bench/${name}`, `${destination}/`],
  }),
};
