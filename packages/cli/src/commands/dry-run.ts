import type { Observer } from '../transfer/outcome.js';

/** For looking without doing: what was skipped and what failed is told, the rest has not happened. */
export function silent(observer: Observer): Observer {
  return {
    settle: (settled) => observer.settle(settled),
    begin: (name, bytes) => observer.begin(name, bytes),
    found: () => undefined,
    foundAll: () => observer.foundAll(),
    folderMade: () => undefined,
    notTried: () => undefined,
  };
}
