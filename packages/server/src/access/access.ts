import type { ConflictPolicy, Operation } from '@filex/protocol';

/** What somebody wants to do, as far as it matters for whether they may. */
export interface AccessRequest {
  readonly operation: Operation;
  readonly path: string;
  /** Of an upload or a rename. */
  readonly ifExists?: ConflictPolicy | undefined;
}

/** How far a permission goes. */
export interface Grant {
  /** Nothing that is there already may be changed, not even the time of a folder. */
  readonly createOnly: boolean;
}

/** Decides who may do what: the one place that does. */
export interface Access {
  /** @throws FilexError `PERMISSION_DENIED`. */
  check(principal: string, request: AccessRequest): Grant;
}
