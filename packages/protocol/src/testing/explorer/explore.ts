import type { Model } from './model.js';

interface Violation {
  readonly kind: string;
  /** From the beginning, one step each: a shortest way there. */
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of all shortest ways. */
  readonly depth: number;
  /** States in which nobody waits for anything. */
  readonly ends: number;
  readonly milliseconds: number;
  readonly violation: Violation | undefined;
}

export interface ExploreOptions {
  /** Stops at this kind of violation; what else is wrong is not followed any further. Default: any. */
  readonly wanted?: string | undefined;
  readonly maxStates?: number | undefined;
}

/** What a machine throws when its caller does what its table does not allow. */
const MISUSE = 'a machine is asked for what its table does not allow';

/**
 * Visits every state that can be reached, breadth first, so that the first violation is one of the shortest. Worlds are
 * kept only until their successors are known; what stays of a state is its key, and how it was first reached.
 */
export function explore<W>(model: Model<W>, options: ExploreOptions = {}): Exploration {
  const { wanted, maxStates = 20_000_000 } = options;
  const started = performance.now();
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const choices: number[] = [];
  const depths: number[] = [];
  const fair = new FairMoves();
  let frontier: W[] = [];
  let transitions = 0;
  let ends = 0;
  let violation: Violation | undefined;

  const number = (world: W, parent: number, choice: number, next: W[]): number => {
    const key = model.keyOf(world);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const fresh = numbers.size;
    if (fresh >= maxStates) throw new Error(`more than ${maxStates} states`);
    numbers.set(key, fresh);
    parents.push(parent);
    choices.push(choice);
    depths.push(parent < 0 ? 0 : (depths[parent] as number) + 1);
    next.push(world);
    return fresh;
  };
  const found = (kind: string, state: number, last?: number): void => {
    if (wanted !== undefined && wanted !== kind) return;
    violation ??= { kind, trace: traceTo(model, state, parents, choices, last) };
  };

  number(model.first(), -1, 0, frontier);
  for (let at = 0; frontier.length > 0 && violation === undefined; ) {
    const next: W[] = [];
    for (const world of frontier) {
      const state = at;
      at += 1;
      const wrong = model.violationIn(world);
      if (wrong !== undefined) {
        found(wrong, state);
        if (violation !== undefined) break;
        continue;
      }
      let choice = 0;
      let anyFair = false;
      for (const move of model.movesOf(world)) {
        const successor = model.copyOf(world);
        transitions += 1;
        try {
          move.make(successor);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          found(`${MISUSE}: ${error.message}`, state, choice);
          choice += 1;
          continue;
        }
        const reached = number(successor, state, choice, next);
        if (move.fair) {
          anyFair = true;
          fair.add(state, reached);
        }
        choice += 1;
      }
      if (model.isOver(world)) ends += 1;
      else if (!anyFair) found('stuck', state);
    }
    frontier = next;
  }
  if (violation === undefined) {
    const endless = fair.findCycle(numbers.size);
    if (endless !== undefined) found('it goes on for ever', endless);
  }
  return {
    states: numbers.size,
    transitions,
    depth: depths.at(-1) ?? 0,
    ends,
    milliseconds: performance.now() - started,
    violation,
  };
}

function traceTo<W>(
  model: Model<W>,
  state: number,
  parents: readonly number[],
  choices: readonly number[],
  last: number | undefined,
): string[] {
  const way: number[] = last === undefined ? [] : [last];
  for (let at = state; (parents[at] as number) >= 0; at = parents[at] as number)
    way.unshift(choices[at] as number);
  let world = model.first();
  return way.map((choice) => {
    const move = [...model.movesOf(world)][choice];
    if (move === undefined) throw new Error('the moves of a world are not the same twice');
    world = model.copyOf(world);
    try {
      move.make(world);
    } catch {
      // The violation itself.
    }
    return move.name;
  });
}

/**
 * The steps that happen by themselves. When they make no cycle, and one of them is possible wherever something is still to
 * be done, then every run in which no more accidents happen comes to an end, whatever the order.
 */
class FairMoves {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  add(from: number, to: number): void {
    this.#from.push(from);
    this.#to.push(to);
  }

  /** A state from which these steps can go on for ever; undefined when there is none. */
  findCycle(states: number): number | undefined {
    const incoming = new Int32Array(states);
    const starts = new Int32Array(states + 1);
    for (const to of this.#to) incoming[to] = (incoming[to] as number) + 1;
    for (const from of this.#from) starts[from + 1] = (starts[from + 1] as number) + 1;
    for (let i = 0; i < states; i += 1) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const targets = new Int32Array(this.#to.length);
    const filled = starts.slice();
    for (let i = 0; i < this.#from.length; i += 1) {
      const from = this.#from[i] as number;
      targets[filled[from] as number] = this.#to[i] as number;
      filled[from] = (filled[from] as number) + 1;
    }
    const ready: number[] = [];
    for (let i = 0; i < states; i += 1) if (incoming[i] === 0) ready.push(i);
    let removed = 0;
    for (let state = ready.pop(); state !== undefined; state = ready.pop()) {
      removed += 1;
      for (let i = starts[state] as number; i < (starts[state + 1] as number); i += 1) {
        const to = targets[i] as number;
        incoming[to] = (incoming[to] as number) - 1;
        if (incoming[to] === 0) ready.push(to);
      }
    }
    return removed === states ? undefined : incoming.findIndex((count) => count > 0);
  }
}
