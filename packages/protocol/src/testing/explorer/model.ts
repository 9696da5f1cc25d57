/** Something that can be explored: what states it has, and how one follows another. */
export interface Model<W> {
  first(): W;
  /** A copy that a move may change. */
  copyOf(world: W): W;
  /** The same text exactly for the same state. */
  keyOf(world: W): string;
  /** Always in the same order. */
  movesOf(world: W): Iterable<Move<W>>;
  /** Nobody waits for anything any more. */
  isOver(world: W): boolean;
  /** What is wrong in this state; undefined when nothing is. */
  violationIn(world: W): string | undefined;
}

/** One step that can be made. */
export interface Move<W> {
  readonly name: string;
  /** Happens sooner or later when nothing else does. What only happens to happen is not fair. */
  readonly fair: boolean;
  /** Changes a world of its own. */
  make(world: W): void;
}
