import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps the daemons, which is not on everybody's path. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The full name of an installed program, or undefined. */
export function whereIs(program) {
  return FOLDERS.map((folder) => join(folder, program)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Which of these programs are not installed, in words; undefined when all are. */
export function notInstalled(...programs) {
  const absent = programs.filter((program) => whereIs(program) === undefined);
  return absent.length === 0 ? undefined : `not installed: ${absent.join(', ')}`;
}

/** What a program says of its version: the first group of `pattern` in all that it prints. */
export function versionOf(program, args, pattern) {
  const file = whereIs(program);
  if (file === undefined) return 'unknown';
  // Some print it to standard error, some end as if it were a mistake to ask.
  const command = `"$0" "$@" 2>&1 || true`;
  const said = execFileSync('/bin/sh', ['-c', command, file, ...args], { encoding: 'utf8' });
  return pattern.exec(said)?.[1] ?? 'unknown';
}

const packages = join(import.meta.dirname, '../peers/node_modules');

/** As {@link versionOf}, of a package that `install-peers.sh` has put beside the peers. */
export function packageVersion(name) {
  try {
    return JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** Which of these packages are not installed, in words; undefined when all are. */
export function packageMissing(...names) {
  const absent = names.filter((name) => packageVersion(name) === undefined);
  return absent.length === 0 ? undefined : `not installed: ${absent.join(', ')}`;
}
