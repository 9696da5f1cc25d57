import type { Verb } from '../../client/client-under-test.js';
import type { ClientTrial } from '../../session/client-trial.js';
import { type Case, type CaseOptions, casesOf } from '../../suite/case.js';

/** One thing that can be observed of a client that is asked to do something. */
export interface ClientCase extends Case<ClientTrial> {
  readonly verb: Verb;
  /** One of many that are alike: left out where each takes a process of its own, unless `--slow` asks for it. */
  readonly variation: boolean;
  /** What a client must be able to do, which not every client is. */
  readonly needs: ClientSkill | undefined;
}

/** Speaks TLS; logs in as the user of an address. */
export type ClientSkill = 'tls' | 'login';

/** Adds a case to a list. */
export type CheckClient = (
  verb: Verb,
  rules: string | readonly string[],
  title: string,
  run: (trial: ClientTrial) => Promise<void>,
  options?: CaseOptions & Partial<Pick<ClientCase, 'variation' | 'needs'>>,
) => void;

/** The cases of one file, as `casesOf`. */
export function clientCasesOf(define: (check: CheckClient) => void): readonly ClientCase[] {
  const own: Pick<ClientCase, 'verb' | 'variation' | 'needs'>[] = [];
  const cases = casesOf<ClientTrial>((check) =>
    define((verb, rules, title, run, options) => {
      check(rules, title, run, options);
      own.push({ verb, variation: options?.variation === true, needs: options?.needs });
    }),
  );
  return cases.map((each, i) => ({ ...each, ...(own[i] as (typeof own)[number]) }));
}
