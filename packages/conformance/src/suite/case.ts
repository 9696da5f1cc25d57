import { ruleOf } from '../spec/specification.js';

/** Who is under test. */
export type Side = 'server' | 'client';

/** One thing that can be observed from outside. */
export interface Case<Trial> {
  /** `FX-4.1-1/ping-with-flags`: stable as long as the title is. */
  readonly id: string;
  /** The rules it observes; the first one is what it is about. */
  readonly rules: readonly string[];
  readonly title: string;
  /** Takes so long that it runs with `--slow` only. */
  readonly slow: boolean;
  /** The server must refuse a login. It runs when all others are done: a server may count, and take nobody from here then. */
  readonly failsLogin: boolean;
  run(trial: Trial): Promise<void>;
}

export interface CaseOptions {
  readonly slow?: boolean;
  readonly failsLogin?: boolean;
}

/** Adds a case to a list. */
export type Check<Trial> = (
  rules: string | readonly string[],
  title: string,
  run: (trial: Trial) => Promise<void>,
  options?: CaseOptions,
) => void;

/**
 * The cases of one file.
 * @throws Error when one names a rule that PROTOCOL.md does not have, or two have the same id.
 */
export function casesOf<Trial>(define: (check: Check<Trial>) => void): readonly Case<Trial>[] {
  const cases = new Map<string, Case<Trial>>();
  define((given, title, run, { slow = false, failsLogin = false } = {}) => {
    const rules = typeof given === 'string' ? [given] : given;
    for (const rule of rules) ruleOf(rule);
    const id = `${rules[0]}/${slug(title)}`;
    if (cases.has(id)) throw new Error(`there are two cases ${id}`);
    cases.set(id, { id, rules, title, slow, failsLogin, run });
  });
  return [...cases.values()];
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
