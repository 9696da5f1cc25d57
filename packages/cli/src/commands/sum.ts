import { statSync } from 'node:fs';
import { type DigestAlgorithm, type FilexError, visibleText } from '@filex/protocol';
import { fileError, type Session } from '@filex/protocol/node';
import { looksLikeAddress, parseTargets, type Target } from '../address.js';
import type { Context } from '../context.js';
import { exitCode, exits, hintFor, UsageError } from '../errors.js';
import { type Compared, compareFile, compareTrees } from '../sum/compare-trees.js';
import { LocalDigests } from '../sum/local-digest.js';
import { localSums, remoteSums, type Sum } from '../sum/sums.js';
import { count } from '../ui/amounts.js';
import { describeError } from '../ui/describe.js';

export interface SumFlags {
  readonly recursive?: boolean | undefined;
  readonly compare?: boolean | undefined;
  readonly algorithm?: DigestAlgorithm | undefined;
}

/** `sum [-r] PATH|URL…`, and `sum [-r] --compare PATH URL` */
export async function sum(context: Context, words: readonly string[], flags: SumFlags): Promise<number> {
  const targets = parseTargets(words.filter(looksLikeAddress));
  const [first] = targets;
  const digests = await LocalDigests.load();
  if (flags.compare === true) {
    const [local, ...others] = words.filter((word) => !looksLikeAddress(word));
    if (first === undefined || local === undefined || targets.length + others.length !== 1)
      throw new UsageError(
        '--compare takes one path of this machine and one address: sum --compare PATH URL.',
      );
    if (flags.algorithm !== undefined)
      throw new UsageError('--compare uses what both ends have: leave out --algorithm.');
    const isFolder = checkFolder(local, localKind(local), flags);
    return compare(context, { local, isFolder, target: first, digests });
  }
  const session = first && (await context.open(first.url, 'content'));
  const algorithm = flags.algorithm ?? session?.server.algorithm ?? digests.preferred;
  const how = { algorithm, signal: context.signal };
  const remote = [...targets];
  const failures: FilexError[] = [];
  let files = 0;
  for (const word of words) {
    const sums = looksLikeAddress(word)
      ? await remoteOf(session as Session, remote.shift() as Target, flags, how)
      : localSums(word, checkFolder(word, localKind(word), flags), digests, how);
    for await (const one of sums) {
      files += 1;
      if (one.error !== undefined) failures.push(one.error);
      await tellSum(context, one, algorithm);
    }
  }
  const [only] = failures;
  const exit = only === undefined ? exits.ok : files === 1 ? exitCode(only.code) : exits.someFailed;
  if (context.settings.json)
    await context.event({ event: 'summary', exit, files: files - failures.length, failed: failures.length });
  return exit;
}

async function remoteOf(
  session: Session,
  { path }: Target,
  flags: SumFlags,
  how: { readonly algorithm: DigestAlgorithm; readonly signal: AbortSignal },
): Promise<AsyncGenerator<Sum, void, undefined>> {
  const { kind } = await session.stat(path, { signal: how.signal });
  return remoteSums(session, path, checkFolder(path === '' ? '/' : path, kind, flags), how);
}

function localKind(path: string): 'directory' | 'other' {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    throw fileError(error, { action: 'read', path });
  }
}

/** Whether it is a folder. @throws UsageError for one without `-r`. */
function checkFolder(path: string, kind: string, { recursive }: SumFlags): boolean {
  if (kind !== 'directory') return false;
  if (recursive !== true)
    throw new UsageError(`${JSON.stringify(path)} is a folder: pass -r for all that is in it.`);
  return true;
}

async function tellSum(context: Context, one: Sum, algorithm: DigestAlgorithm): Promise<void> {
  const { path, digest, error } = one;
  if (error !== undefined) return tellFailure(context, path, error);
  if (context.settings.json) await context.event({ event: 'sum', path, algorithm, digest });
  else await context.line(`${algorithm}:${digest}  ${visibleText(path)}`);
}

async function tellFailure(context: Context, path: string, error: FilexError): Promise<void> {
  const { red, dim } = context.colors;
  const hint = hintFor(error);
  context.complain(`${red('error:')} ${describeError(error, path)}\n${dim(`  → ${hint}`)}`);
  if (context.settings.json)
    await context.event({ event: 'failed', path, code: error.code, message: error.message, hint });
}

interface ToCompare {
  readonly local: string;
  readonly isFolder: boolean;
  readonly target: Target;
  readonly digests: LocalDigests;
}

const words: Readonly<Record<'differs' | 'missing' | 'extra', string>> = {
  differs: 'differs',
  missing: 'missing on the server',
  extra: 'only on the server',
};

async function compare(context: Context, { local, isFolder, target, digests }: ToCompare): Promise<number> {
  const { signal, settings } = context;
  const { path: remote, url } = target;
  const session = await context.open(url, 'content');
  const tally: Record<Compared['kind'], number> = {
    same: 0,
    differs: 0,
    missing: 0,
    extra: 0,
    skipped: 0,
    failed: 0,
  };
  let first: FilexError | undefined;
  const trees = { local, session, remote, digests, signal };
  const all = isFolder ? compareTrees({ ...trees, local }) : [await compareFile(trees, local, remote, local)];
  for await (const one of all) {
    tally[one.kind] += 1;
    if (one.kind === 'failed') {
      first ??= one.error;
      await tellFailure(context, one.path, one.error);
    } else if (one.kind in words) {
      const { kind, path } = one as { kind: keyof typeof words; path: string };
      if (settings.json) await context.event({ event: 'difference', kind, path });
      else await context.line(`${words[kind]}  ${visibleText(path)}`);
    }
  }
  const { same, differs, missing, extra, skipped, failed } = tally;
  const exit = differs + missing + extra > 0 ? exits.integrity : failureExit(first, isFolder);
  if (settings.json) await context.event({ event: 'summary', exit, ...tally });
  else {
    const parts = [`${count(same, 'file or folder', 'files and folders')} the same`];
    for (const [amount, what] of [
      [differs, 'different'],
      [missing, 'missing on the server'],
      [extra, 'only on the server'],
      [failed, 'failed'],
      [skipped, 'skipped'],
    ] as const)
      if (amount > 0) parts.push(`${amount} ${what}`);
    context.note(parts.join(', '));
  }
  return exit;
}

function failureExit(error: FilexError | undefined, isFolder: boolean): number {
  if (error === undefined) return exits.ok;
  return isFolder ? exits.someFailed : exitCode(error.code);
}
