/** The peer broke a rule. A case that throws it fails, by the ids it names. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rules: readonly string[];

  /** @param rules ids, as in PROTOCOL.md; none: those of the case that finds it. */
  constructor(rules: readonly string[], message: string) {
    super(message);
    this.rules = rules;
  }
}
