// OpenSSH's sftp with the fastest cipher it has. It writes under the final name, and neither flushes nor digests.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { notInstalled, versionOf, whereIs } from '../lib/installed.mjs';
import { freePort } from '../lib/ports.mjs';

const CIPHER = 'aes128-gcm@openssh.com';
/** sshd of root wants this folder; Debian's service makes it when it starts. */
const PRIVILEGE_SEPARATION = '/run/sshd';

function makeKey(file) {
  if (!existsSync(file)) execFileSync(whereIs('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return file;
}

function command({ port, scratch, name }, line) {
  const batch = join(scratch, `batch-${name}`);
  writeFileSync(batch, `${line}\n`);
  return {
    argv: [
      ...[whereIs('sftp'), '-q', '-F', 'none', '-c', CIPHER, '-i', join(scratch, 'client-key')],
      ...['-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR'],
      ...['-o', `UserKnownHostsFile=${join(scratch, 'known-hosts')}`],
      ...['-P', String(port), '-b', batch, `${userInfo().username}@127.0.0.1`],
    ],
  };
}

/** @type {import('../contestants.mjs').Contestant} */
export const sftp = {
  title: 'sftp, aes128-gcm',
  missing: () =>
    notInstalled('sshd', 'sftp', 'ssh-keygen') ??
    (process.getuid?.() === 0 && !existsSync(PRIVILEGE_SEPARATION)
      ? `${PRIVILEGE_SEPARATION} is not there: run install-peers.sh again`
      : undefined),
  version: () => versionOf('ssh', ['-V'], /^([^,\s]+)/),
  async server({ scratch }) {
    const port = await freePort();
    const config = join(scratch, 'sshd_config');
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${makeKey(join(scratch, 'host-key'))}`,
      `AuthorizedKeysFile ${makeKey(join(scratch, 'client-key'))}.pub`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 1000',
      `Ciphers ${CIPHER}`,
      'Subsystem sftp internal-sftp',
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    return { argv: [whereIs('sshd'), '-D', '-e', '-f', config], told: { port } };
  },
  up: (setting) => command(setting, `put -r ${setting.source} ${join(setting.root, setting.name)}`),
  down: (setting) =>
    command(setting, `get -r ${join(setting.root, setting.name)} ${join(setting.destination, setting.name)}`),
};
