import { spawnSync } from 'node:child_process';
import { Command, type Exit } from '../../harness/command.js';
import type { Scene } from './scene.js';
import { Skipped } from './scene.js';

let count = 0;

/** Another machine, as far as the network goes: a namespace with an address of its own, and a line to this one. */
export interface Namespace {
  /** This machine's address as the other sees it. */
  readonly host: string;
  /** Runs a program of Node there, to its end. */
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Exit>;
}

/** Throws `Skipped` where namespaces cannot be made. */
export function makeNamespace(scene: Scene): Namespace {
  count += 1;
  const name = `filex-${process.pid}-${count}`;
  const [here, there] = [`fxh${process.pid % 10_000}-${count}`, `fxn${process.pid % 10_000}-${count}`];
  const net = `10.213.${count}`;
  const ip = (...words: readonly string[]): void => {
    const { status, stderr, error } = spawnSync('ip', words, { encoding: 'utf8' });
    if (status !== 0)
      throw new Skipped(
        `no network namespace here: ip ${words.join(' ')}: ${error?.message ?? stderr.trim()}`,
      );
  };
  ip('netns', 'add', name);
  scene.onEnd(() => void spawnSync('ip', ['netns', 'del', name]));
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there);
  scene.onEnd(() => void spawnSync('ip', ['link', 'del', here]));
  ip('link', 'set', there, 'netns', name);
  ip('addr', 'add', `${net}.1/24`, 'dev', here);
  ip('link', 'set', here, 'up');
  ip('-n', name, 'addr', 'add', `${net}.2/24`, 'dev', there);
  ip('-n', name, 'link', 'set', there, 'up');
  return {
    host: `${net}.1`,
    run: (words, env = {}) =>
      new Command('ip', ['netns', 'exec', name, process.execPath, ...words], {
        env: { HOME: scene.client, ...env },
        cwd: scene.client,
      }).exited,
  };
}
