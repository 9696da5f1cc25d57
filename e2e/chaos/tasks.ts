import { join } from 'node:path';
import { folderIn } from '../harness/temporary.js';
import { longAgo, makeTree, pseudoRandomBytes, type TreeSpec } from '../harness/tree.js';
import type { Ground } from './ground.js';
import type { Policy, Task } from './job.js';
import { digestOf } from './ledger.js';
import type { Random } from './random.js';

const policies: readonly Policy[] = ['fail', 'skip', 'rename', 'overwrite', 'newer'];
const KiB = 1024;
/** Names of one tree that something else has already. */
const TAKEN = 4;

export interface TaskOptions {
  readonly random: Random;
  readonly ground: Ground;
  /** Where the clients keep what is theirs. */
  readonly base: string;
  readonly round: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What the clients of a round are told to do: trees up and down, under every policy, and two that want the same names. */
export function drawTasks(options: TaskOptions): Task[] {
  const { random, round } = options;
  const tasks: Task[] = [];
  const kinds = [random.pick(['put', 'contest']), random.pick(['get', 'put', 'get'])];
  for (const [i, kind] of kinds.entries()) {
    const name = `r${round}-${i}`;
    if (kind === 'contest') tasks.push(...contest(name, options));
    else tasks.push(single(name, kind as 'put' | 'get', options));
  }
  return tasks;
}

/** Many small files and a few that take several writes; `salt` makes them others. */
function drawContents(random: Random, salt: number): Map<string, Buffer> {
  const contents = new Map<string, Buffer>();
  const small = random.between(8, 32);
  for (let i = 0; i < small; i += 1) {
    const size = random.pick([0, 1, random.between(2, 4 * KiB), random.between(4 * KiB, 60 * KiB)]);
    contents.set(`d${i % 3}/f${i}`, pseudoRandomBytes(size, salt + i));
  }
  const large = random.between(1, 2);
  for (let i = 0; i < large; i += 1) {
    contents.set(`large${i}`, pseudoRandomBytes(random.between(512 * KiB, 3072 * KiB), salt + 1000 + i));
  }
  return contents;
}

function single(name: string, kind: 'put' | 'get', options: TaskOptions): Task {
  const { random, ground, base, env } = options;
  const policy = random.pick(policies);
  const contents = drawContents(random, random.between(0, 1e6));
  const target = kind === 'put' ? ground.folder : folderIn(base, `${name}-got`);
  const source = kind === 'put' ? folderIn(base, `${name}-from`) : ground.folder;
  const from = makeTree(join(source, name), Object.fromEntries(contents));
  if (kind === 'get') {
    for (const [path, content] of contents) {
      const digest = digestOf(content);
      ground.ledger.expect(join(from, path), [digest], [digest]);
    }
    ground.ledger.watch(target);
  }
  const taken = random.chance(0.5) ? drawTaken(contents, random) : {};
  if (Object.keys(taken).length > 0) makeTree(join(target, name), taken);
  const files = new Map<string, string>();
  for (const [path, content] of contents) {
    const at = join(target, name, path);
    const sent = digestOf(content);
    files.set(at, sent);
    const before = taken[path] as { content: Buffer; mtime: Date } | undefined;
    if (before === undefined) {
      ground.ledger.expect(at, [sent], [sent]);
      continue;
    }
    const old = digestOf(before.content);
    const replaces = policy === 'overwrite' || (policy === 'newer' && before.mtime < longAgo);
    if (replaces) ground.ledger.expect(at, [old, sent], [sent]);
    else ground.ledger.expect(at, [old], [old], policy === 'rename' ? sent : undefined);
  }
  return {
    name,
    kind,
    policy,
    files,
    bytes: total(contents),
    local: kind === 'put' ? from : target,
    target,
    conflicts: policy === 'fail',
    contested: false,
    home: folderIn(base, `${name}-home`),
    env,
  };
}

/** Other files that have some of the names, some of them older and some newer. */
function drawTaken(contents: ReadonlyMap<string, Buffer>, random: Random): TreeSpec {
  const taken: Record<string, TreeSpec[string]> = {};
  const paths = [...contents.keys()];
  for (let i = 0; i < TAKEN; i += 1) {
    const content = pseudoRandomBytes(random.between(1, 20 * KiB), 5_000_000 + random.between(0, 1e6));
    const mtime = new Date(longAgo.getTime() + (random.chance(0.5) ? 1 : -1) * 86_400_000);
    taken[random.pick(paths)] = { content, mtime };
  }
  return taken;
}

/** Two clients that bring different files under the same names. */
function contest(name: string, { random, ground, base, env }: TaskOptions): Task[] {
  const policy = random.pick(['fail', 'overwrite'] as const);
  const sizes = drawContents(random, 0);
  const rivals = [1, 2].map((rival) => {
    const salt = random.between(0, 1e6);
    const contents = new Map(
      [...sizes].map(([path, { length }], i) => [path, pseudoRandomBytes(length + rival, salt + i)]),
    );
    return { name: `${name}-${rival}`, contents };
  });
  for (const path of sizes.keys()) {
    const either = rivals.map(({ contents }) => digestOf(contents.get(path) as Buffer));
    ground.ledger.expect(join(ground.folder, name, path), either, either);
  }
  return rivals.map(({ name: rival, contents }) => ({
    name: rival,
    kind: 'put' as const,
    policy,
    files: new Map(
      [...contents].map(([path, content]) => [join(ground.folder, name, path), digestOf(content)]),
    ),
    bytes: total(contents),
    local: makeTree(join(base, rival, name), Object.fromEntries(contents)),
    target: ground.folder,
    conflicts: policy === 'fail',
    contested: policy === 'overwrite',
    home: folderIn(base, `${rival}-home`),
    env,
  }));
}

function total(contents: ReadonlyMap<string, Buffer>): number {
  return [...contents.values()].reduce((sum, { length }) => sum + length, 0);
}
