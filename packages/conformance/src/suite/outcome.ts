/** What became of one case. */
export type Outcome =
  | { readonly status: 'passed' }
  | {
      readonly status: 'failed';
      /** What was broken: rules that the peer's bytes broke, or those of the case. */
      readonly rules: readonly string[];
      readonly message: string;
    }
  /** The rule says nothing about this peer: a condition of it does not hold. */
  | { readonly status: 'not applicable'; readonly reason: string }
  | { readonly status: 'skipped'; readonly reason: string };

/** Thrown by a case that finds out that its rule does not bind this peer. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** Thrown by a case that lacks what only the user of the suite can give. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}

export interface CaseResult {
  readonly id: string;
  readonly title: string;
  readonly rules: readonly string[];
  readonly outcome: Outcome;
  /** Milliseconds. */
  readonly duration: number;
  /** A list of known failures names it. It was run like any other. */
  readonly known: boolean;
}
