import { spawnSync } from 'node:child_process';
import { cleanUp } from './clean-up.js';

/** A network of its own, joined to this one by a cable: another machine, as far as a server can tell. */
export interface OtherMachine {
  /** This machine's address, seen from there. */
  readonly host: string;
  /** What to put before a command so that it runs there. */
  readonly prefix: readonly string[];
}

let count = 0;

/** Only root on Linux can have one; a text says why there is none. */
export function otherMachine(): OtherMachine | string {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'only root can make a network namespace';
  count += 1;
  const name = `filex-${process.pid}-${count}`;
  // Names of interfaces have at most 15 characters.
  const near = `fx${process.pid % 1_000_000}n${count}`;
  const far = `fx${process.pid % 1_000_000}f${count}`;
  // Of 198.18.0.0/15, which is for tests of networks (RFC 2544).
  const third = (process.pid + count) % 256;
  const fault =
    ip('netns', 'add', name) ??
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name) ??
    ip('addr', 'add', `198.18.${third}.1/24`, 'dev', near) ??
    ip('link', 'set', near, 'up') ??
    ip('-n', name, 'addr', 'add', `198.18.${third}.2/24`, 'dev', far) ??
    ip('-n', name, 'link', 'set', far, 'up') ??
    ip('-n', name, 'link', 'set', 'lo', 'up');
  // The cable goes with the namespace.
  cleanUp(() => void ip('netns', 'delete', name));
  if (fault !== undefined) return `no network namespace can be made here: ${fault}`;
  return { host: `198.18.${third}.1`, prefix: ['ip', 'netns', 'exec', name] };
}

function ip(...words: string[]): string | undefined {
  const { status, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}
