import { type Code, FilexError } from '@filex/protocol';
import type { Store } from '../store/store.js';
import { accessBounds as bounds } from './bounds.js';
import { PathExclusion } from './path-exclusion.js';
import { isWithin, mayBeWithin, namesIn, type PathNames } from './path-names.js';
import type { Quota } from './users-document.js';

/** A quota does not allow it. The message names the limit and no path. */
export class QuotaExceeded extends FilexError {
  constructor(code: Code & ('NO_SPACE' | 'TOO_LARGE'), message: string) {
    // Later is no better, unless somebody removes something.
    super(code, message, { retry: false });
  }
}

/** A folder that may hold only so much. */
export interface LimitedRoot {
  /** A path of the store; `''` is all of it. */
  readonly root: string;
  readonly quota: Quota;
}

/** Who wants to put something somewhere. */
export interface Actor {
  /** The folder of the store that the user sees. */
  readonly root: string;
  readonly quota: Quota | undefined;
}

/** How much of something there is, or would be. */
export interface Amount {
  readonly bytes: number;
  /** Folders count as well: otherwise there could be any number. */
  readonly files: number;
}

const nothing: Amount = { bytes: 0, files: 0 };
const plus = (a: Amount, b: Amount): Amount => ({ bytes: a.bytes + b.bytes, files: a.files + b.files });
const minus = (a: Amount, b: Amount): Amount => ({ bytes: a.bytes - b.bytes, files: a.files - b.files });

/** What is known of a folder with a quota: never less than there is. */
interface Usage {
  readonly root: string;
  readonly names: PathNames;
  /** What was found, by a scan that has ended; undefined before the first. */
  scanned: Amount | undefined;
  /** Put there since that scan began. Nothing is taken away for what is removed or replaced: the next scan does. */
  since: Amount;
  /** Put there since the scan began that is under way. */
  during: Amount;
  /** What is under way and may come to be there. */
  reserved: Amount;
  scanning: Promise<void> | undefined;
  /** Milliseconds. */
  lastEnd: number;
  lastDuration: number;
}

interface Limit {
  readonly usage: Usage;
  readonly quota: Quota;
}

/** Room for something that is under way. Ends with exactly one of `settle` and `release`. */
export interface Reservation {
  /** So many more bytes than were known of. @throws QuotaExceeded, and the reservation stays as it was. */
  grow(bytes: number): Promise<void>;
  /** It is there now, or may be. */
  settle(): void;
  /** It will not be there. */
  release(): void;
}

/** A reservation from inside. */
interface Held {
  readonly actor: Actor;
  readonly path: string;
  /** Of a rename: what is moved. */
  readonly source: string | undefined;
  amount: Amount;
  usages: Usage[];
}

/**
 * Keeps folders within their quotas, however much is under way. A quota limits what is below a user's root, whoever put it
 * there. It holds for that user and for those whose own root is above it. Who shares the root, or has one inside, is
 * counted as well, but held to a quota of one's own.
 *
 * What other programs put there is noticed by the next scan.
 */
export class QuotaBook {
  readonly #store: Store;
  readonly #limited: () => readonly LimitedRoot[];
  readonly #now: () => number;
  readonly #held = new Set<Held>();
  /** By root. */
  #usages = new Map<string, Usage>();
  /** What `#limited` said last, by folded root. */
  #index: {
    readonly of: readonly LimitedRoot[];
    readonly byRoot: ReadonlyMap<string, readonly LimitedRoot[]>;
  };
  /** Scans, and what moves things behind their back. */
  readonly #scans = new PathExclusion();
  /** Moves into a folder with a quota, and what changes how much it is that moves. */
  readonly #moves = new PathExclusion();

  /**
   * @param limited what has a quota at the moment; the same array as long as nothing has changed.
   * @param now milliseconds, never going back.
   */
  constructor(store: Store, limited: () => readonly LimitedRoot[], now = () => performance.now()) {
    this.#store = store;
    this.#limited = limited;
    this.#now = now;
    this.#index = indexOf([]);
  }

  /** Whether there is any quota at all. */
  get isIdle(): boolean {
    return this.#limited().length === 0;
  }

  /**
   * Keeps room for something new.
   * @throws QuotaExceeded
   */
  async reserve(actor: Actor, path: string, amount: Amount): Promise<Reservation> {
    const held: Held = { actor, path, source: undefined, amount: nothing, usages: [] };
    await this.#grant(held, amount);
    return this.#reservation(held);
  }

  /** Does what makes something appear at a path, never while the folder it is in moves. */
  async appear<T>(path: string, work: () => Promise<T>): Promise<T> {
    return this.isIdle ? work() : this.#moves.run({ shared: [path] }, work);
  }

  /**
   * Does a rename, when what moves has room where it goes.
   * @throws QuotaExceeded
   */
  async move<T>(actor: Actor, path: string, target: string, work: () => Promise<T>): Promise<T> {
    if (this.isIdle) return work();
    const rename = (): Promise<T> => this.#scans.run({ shared: [path, target] }, work);
    const held: Held = { actor, path: target, source: path, amount: nothing, usages: [] };
    if (this.#limitsFor(held).length + this.#affected(held).length === 0)
      return this.#moves.run({ shared: [path, target] }, rename);
    return this.#moves.run({ exclusive: [path], shared: [target] }, async () => {
      await this.#grant(held, await this.#measure(path));
      return this.keep(this.#reservation(held), rename);
    });
  }

  /**
   * Does the work that room was reserved for, and notes whether that is used.
   * @param isUsed whether what came of it takes the room. Default: it does.
   */
  async keep<T>(
    reservation: Reservation,
    work: () => Promise<T>,
    isUsed: (result: T) => boolean = () => true,
  ): Promise<T> {
    try {
      const result = await work();
      if (isUsed(result)) reservation.settle();
      else reservation.release();
      return result;
    } catch (error) {
      if (error instanceof FilexError && error.effect === 'none') reservation.release();
      else reservation.settle();
      throw error;
    }
  }

  #reservation(held: Held): Reservation {
    let open = true;
    const end = (settled: boolean): void => {
      if (!open) return;
      open = false;
      this.#held.delete(held);
      for (const usage of held.usages) {
        usage.reserved = minus(usage.reserved, held.amount);
        if (!settled) continue;
        usage.since = plus(usage.since, held.amount);
        // The scan that is under way may have been there already: then it counts twice, until the next.
        usage.during = plus(usage.during, held.amount);
      }
    };
    return {
      grow: (bytes) => this.#grant(held, { bytes, files: 0 }),
      settle: () => end(true),
      release: () => end(false),
    };
  }

  /** Adds to a reservation. Between the last look at what is there and the note of it nothing else happens. */
  async #grant(held: Held, amount: Amount): Promise<void> {
    const scans = new Map<Usage, number>();
    for (;;) {
      const full = this.#limitsFor(held).find((limit) => !fits(limit, amount));
      if (full === undefined) break;
      refuseHopeless(full, plus(held.amount, amount));
      const { usage } = full;
      const count = scans.get(usage) ?? 0;
      // The first may have begun before this was asked for, the second has not.
      if (count === 2 || !(await this.#rescan(usage))) throw exceeded(full, amount);
      scans.set(usage, count + 1);
    }
    if (!this.#held.has(held)) {
      this.#held.add(held);
      held.usages = this.#affected(held);
    }
    held.amount = plus(held.amount, amount);
    for (const usage of held.usages) usage.reserved = plus(usage.reserved, amount);
  }

  /** The quotas that hold for what somebody wants to put somewhere. */
  #limitsFor(held: Held): Limit[] {
    const { actor } = held;
    this.#refresh();
    if (this.#index.of.length === 0 && actor.quota === undefined) return [];
    const own = { root: actor.root, quota: actor.quota ?? { bytes: undefined, files: undefined } };
    const others = this.#index.of.length === 0 ? [] : this.#others(held);
    const concerned = concernedBy(held);
    return [own, ...others]
      .filter(({ root, quota }) => isLimit(quota) && concerned(namesIn(root)))
      .map(({ root, quota }) => ({ usage: this.#usageOf(root), quota }));
  }

  /** Roots below the actor's own. */
  #others({ actor, path, source }: Held): LimitedRoot[] {
    const depth = namesIn(actor.root).exact.length;
    const names = namesIn(path);
    const found: LimitedRoot[] = [];
    for (let length = depth + 1; length <= names.folded.length; length += 1)
      found.push(...(this.#index.byRoot.get(keyOf(names, length)) ?? []));
    // A folder that moves can bring along what then is in somebody's root.
    if (source !== undefined)
      found.push(...[...this.#index.byRoot.values()].flat().filter(({ root }) => isBelow(root, names)));
    return found;
  }

  /** All that is kept count of and gets more by this. */
  #affected(held: Held): Usage[] {
    this.#refresh();
    if (this.#usages.size === 0) return [];
    const concerned = concernedBy(held);
    return [...this.#usages.values()].filter(({ names }) => concerned(names));
  }

  #usageOf(root: string): Usage {
    let usage = this.#usages.get(root);
    if (usage === undefined) {
      usage = {
        root,
        names: namesIn(root),
        scanned: undefined,
        since: nothing,
        during: nothing,
        reserved: nothing,
        scanning: undefined,
        lastEnd: 0,
        lastDuration: 0,
      };
      this.#usages.set(root, usage);
      for (const held of this.#held) {
        if (!concernedBy(held)(usage.names)) continue;
        held.usages.push(usage);
        usage.reserved = plus(usage.reserved, held.amount);
      }
    }
    return usage;
  }

  /** Follows what has a quota now. */
  #refresh(): void {
    const limited = this.#limited();
    if (limited === this.#index.of) return;
    this.#index = indexOf(limited);
    const roots = new Set(limited.map(({ root }) => root));
    this.#usages = new Map([...this.#usages].filter(([root]) => roots.has(root)));
  }

  /** Whether another look at what is there was worth while. */
  async #rescan(usage: Usage): Promise<boolean> {
    if (usage.scanning === undefined) {
      const pause = usage.lastDuration * bounds.quotaScanShare;
      if (usage.scanned !== undefined && this.#now() - usage.lastEnd < pause) return false;
      usage.scanning = this.#scans
        .run({ exclusive: [usage.root] }, () => this.#scan(usage))
        .finally(() => {
          usage.scanning = undefined;
        });
    }
    await usage.scanning;
    return true;
  }

  async #scan(usage: Usage): Promise<void> {
    const began = this.#now();
    usage.during = nothing;
    try {
      usage.scanned = await this.#contents(usage.root);
      usage.since = usage.during;
    } catch (error) {
      // Its own words may name what this user does not see.
      throw new FilexError('IO_ERROR', 'how much of the quota is used cannot be found out', { cause: error });
    } finally {
      usage.lastEnd = this.#now();
      usage.lastDuration = usage.lastEnd - began;
    }
  }

  async #contents(root: string): Promise<Amount> {
    let amount = nothing;
    try {
      for await (const { size } of this.#store.list(root, { recursive: true }))
        amount = plus(amount, { bytes: size, files: 1 });
      amount = plus(amount, { bytes: await this.#store.keptBytes(root), files: 0 });
    } catch (error) {
      if (!(error instanceof FilexError && error.code === 'NOT_FOUND')) throw error;
    }
    return amount;
  }

  async #measure(path: string): Promise<Amount> {
    const { kind, size } = await this.#store.stat(path);
    const itself = { bytes: size, files: 1 };
    return kind === 'directory' ? plus(itself, await this.#contents(path)) : itself;
  }
}

/** Tells of a folder whether it has more in it when something has come to be at a path. */
function concernedBy({ path, source }: Held): (root: PathNames) => boolean {
  const names = namesIn(path);
  if (source === undefined) return (root) => mayBeWithin(names, root);
  const from = namesIn(source);
  return (root) => {
    // What moves inside the folder is counted already, if it is the very same folder for sure.
    if (isWithin(from, root) && isWithin(names, root)) return false;
    return mayBeWithin(names, root) || mayBeWithin(root, names);
  };
}

function isBelow(root: string, path: PathNames): boolean {
  const names = namesIn(root);
  return names.exact.length > path.exact.length && mayBeWithin(names, path);
}

function keyOf({ folded }: PathNames, length: number): string {
  return folded.slice(0, length).join('/');
}

function indexOf(limited: readonly LimitedRoot[]): {
  of: readonly LimitedRoot[];
  byRoot: ReadonlyMap<string, readonly LimitedRoot[]>;
} {
  const byRoot = new Map<string, LimitedRoot[]>();
  for (const { root, quota } of limited) {
    const names = namesIn(root);
    const key = keyOf(names, names.folded.length);
    const same = byRoot.get(key) ?? [];
    const before = same.find((other) => other.root === root);
    // Of users who share a root, those above meet the widest quota.
    if (before === undefined) same.push({ root, quota });
    else same[same.indexOf(before)] = { root, quota: widest(before.quota, quota) };
    byRoot.set(key, same);
  }
  return { of: limited, byRoot };
}

function widest(a: Quota, b: Quota): Quota {
  const wider = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined ? undefined : Math.max(one, other);
  return { bytes: wider(a.bytes, b.bytes), files: wider(a.files, b.files) };
}

function isLimit({ bytes, files }: Quota): boolean {
  return bytes !== undefined || files !== undefined;
}

const BOTH = ['bytes', 'files'] as const;

function fits({ usage, quota }: Limit, amount: Amount): boolean {
  const { scanned, since, reserved } = usage;
  if (scanned === undefined) return false;
  const total = [since, reserved, amount].reduce(plus, scanned);
  return BOTH.every((what) => total[what] <= (quota[what] ?? Number.POSITIVE_INFINITY));
}

function refuseHopeless({ quota }: Limit, { bytes }: Amount): void {
  if (quota.bytes === undefined || bytes <= quota.bytes) return;
  throw new QuotaExceeded('TOO_LARGE', `it is larger than the whole quota: quota.bytes is ${quota.bytes}`);
}

function exceeded({ usage, quota }: Limit, amount: Amount): QuotaExceeded {
  const { scanned = nothing, since, reserved } = usage;
  const total = [since, reserved, amount].reduce(plus, scanned);
  const what = total.bytes > (quota.bytes ?? Number.POSITIVE_INFINITY) ? 'bytes' : 'files';
  return new QuotaExceeded('NO_SPACE', `the quota is used up: quota.${what} is ${quota[what]}`);
}
