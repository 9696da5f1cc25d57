/**
 * A transition table is data: for each state, which event leads where. An event that is not listed is not allowed there.
 * Tests walk every state with every event, and the diagrams of PROTOCOL.md are drawn from the same tables.
 */
export type TransitionTable<S extends string, E extends string> = {
  readonly [K in S]: { readonly [K2 in E]?: S };
};

/** The next state, or undefined when `event` is not allowed in `state`. */
export function step<S extends string, E extends string>(
  table: TransitionTable<S, E>,
  state: S,
  event: E,
): S | undefined {
  return table[state][event];
}
