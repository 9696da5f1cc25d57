import { statSync } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { visibleText } from '@filex/protocol';
import { fileError } from '@filex/protocol/node';
import { KnownHosts } from '../access/known-hosts.js';
import type { Context } from '../context.js';
import { exits, UsageError } from '../errors.js';
import { type Content, ContentComparison, locate } from '../receipts/compare-content.js';
import { type Judged, ReceiptJudge } from '../receipts/judge.js';
import { LatestReceipts } from '../receipts/latest.js';
import { linesOf } from '../receipts/lines.js';
import type { ReadReceipt } from '../receipts/receipt-line.js';
import { LocalDigests } from '../sum/local-digest.js';
import { count, size } from '../ui/amounts.js';

export interface VerifyFlags {
  /** The key that all receipts must have. */
  readonly fp?: string | undefined;
}

/** What came of one line. */
interface Verdict {
  readonly judged: Judged;
  /** Of the file, when there is one to compare with. `replaced`: a later receipt is for the same path. */
  readonly content?: Content | 'replaced' | 'not compared' | undefined;
}

/** `verify RECEIPTS [FILE|FOLDER]`: without any server. */
export async function verify(
  context: Context,
  file: string,
  against: string | undefined,
  { fp }: VerifyFlags,
): Promise<number> {
  const { io, signal } = context;
  const judge = new ReceiptJudge(fp, new KnownHosts(io.stateDirectory(), io.platform));
  const comparison =
    against === undefined ? undefined : await Comparison.prepare(context, judge, file, against);
  const tally = { good: 0, wrong: 0, unknown: 0 };
  for await (const line of linesOf(file)) {
    signal.throwIfAborted();
    const judged = await judge.judge(line);
    const verdict: Verdict = { judged, content: await comparison?.contentOf(judged) };
    tally[outcomeOf(verdict)] += 1;
    await tell(context, verdict);
  }
  return conclude(context, file, tally);
}

function outcomeOf({ judged, content }: Verdict): 'good' | 'wrong' | 'unknown' {
  if (judged.status === 'wrong' || content === 'different' || content === 'missing') return 'wrong';
  return judged.status === 'good' ? 'good' : 'unknown';
}

async function conclude(
  context: Context,
  file: string,
  tally: { readonly good: number; readonly wrong: number; readonly unknown: number },
): Promise<number> {
  const { good, wrong, unknown } = tally;
  const none = good + wrong + unknown === 0;
  const exit = wrong > 0 || none ? exits.integrity : unknown > 0 ? exits.identity : exits.ok;
  if (context.settings.json)
    await context.event({ event: 'summary', exit, good, wrong, unknownKey: unknown });
  if (none) context.complain(`error: there is no receipt in ${visibleText(JSON.stringify(file))}`);
  else if (exit === exits.ok) context.note(`${count(good, 'receipt')} verified`);
  else {
    const parts = [
      `${count(wrong, 'receipt')} wrong`,
      `${unknown} with a key that is not known`,
      `${good} good`,
    ];
    context.complain(`error: ${parts.join(', ')}`);
    if (wrong === 0)
      context.complain(
        '  → Ask whoever runs the server for the fingerprint of its key, by another way, and pass it as --fp sha256:…',
      );
  }
  return exit;
}

/** Compares files with the receipts that are about them. */
class Comparison {
  readonly #content: ContentComparison;
  readonly #folder: string | undefined;
  readonly #file: string;
  readonly #platform: NodeJS.Platform;
  readonly #numbers: ReadonlySet<number>;

  private constructor(
    context: Context,
    digests: LocalDigests,
    place: { readonly path: string; readonly isFolder: boolean },
    numbers: ReadonlySet<number>,
  ) {
    this.#content = new ContentComparison(digests, context.signal);
    this.#file = place.path;
    this.#folder = place.isFolder ? place.path : undefined;
    this.#platform = context.io.platform;
    this.#numbers = numbers;
  }

  /** Finds out which receipts are the last ones: only those that are good can take another's place. */
  static async prepare(
    context: Context,
    judge: ReceiptJudge,
    file: string,
    path: string,
  ): Promise<Comparison> {
    const isFolder = kindOf(path) === 'folder';
    const latest = new LatestReceipts();
    for await (const line of linesOf(file)) {
      const judged = await judge.judge(line);
      if (judged.status === 'good') latest.add(judged.number, judged.receipt);
    }
    const whole = resolve(path).split(sep).join('/');
    const numbers = isFolder ? latest.numbers() : latest.numbersFor(whole);
    if (numbers.size === 0 && latest.numbers().size > 0)
      throw new UsageError(
        `No receipt in ${JSON.stringify(file)} is for a file called ${JSON.stringify(basename(path))}.`,
      );
    return new Comparison(context, await LocalDigests.load(), { path, isFolder }, numbers);
  }

  async contentOf(judged: Judged): Promise<Verdict['content']> {
    if (judged.status !== 'good') return undefined;
    if (!this.#numbers.has(judged.number)) return this.#folder === undefined ? 'not compared' : 'replaced';
    const { receipt } = judged;
    const local = this.#folder === undefined ? this.#file : locate(this.#folder, receipt, this.#platform);
    return local === undefined ? 'missing' : this.#content.compare(local, receipt);
  }
}

function kindOf(path: string): 'file' | 'folder' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    throw fileError(error, { action: 'read', path });
  }
}

const words: Readonly<Record<'good' | 'wrong' | 'unknown', string>> = {
  good: 'good',
  wrong: 'WRONG',
  unknown: 'UNKNOWN KEY',
};

async function tell(context: Context, verdict: Verdict): Promise<void> {
  const { judged, content } = verdict;
  const outcome = outcomeOf(verdict);
  if (context.settings.json) {
    const { receipt: _, ...line } = judged.status === 'wrong' ? { receipt: '' } : judged.receipt.line;
    const reason = judged.status === 'good' ? undefined : judged.reason;
    const status = outcome === 'unknown' ? 'unknown key' : outcome;
    await context.event({ event: 'receipt', ...line, line: judged.number, status, reason, content });
    return;
  }
  if (context.settings.quiet && outcome === 'good') return;
  const told = judged.status === 'wrong' ? `line ${judged.number}` : describe(judged.receipt);
  const about = judged.status === 'good' ? undefined : judged.reason;
  const text = [told, ...(about === undefined ? [] : [about]), ...(contentWords[content ?? ''] ?? [])].join(
    '; ',
  );
  await context.line(`${words[outcome].padEnd(5)}  ${visibleText(text)}`);
}

const contentWords: Readonly<Record<string, readonly string[]>> = {
  same: ['the file is the same'],
  different: ['the file is another one'],
  missing: ['the file is not there'],
  replaced: ['a later receipt is for the same path'],
  'not compared': ['not the file that was named'],
};

function describe({ line, serverName }: ReadReceipt): string {
  const where = line.path;
  return `${where}  ${size(line.size)}  ${line.digest}  received by ${serverName} from ${line.principal} at ${line.time}`;
}
