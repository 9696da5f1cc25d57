const MiB = 1024 * 1024;

/** Every bound of what decides who may do what, by name. */
export const accessBounds = {
  /** Users in a users file. */
  users: 10_000,
  /** Bytes of a users file. */
  usersFile: 16 * MiB,
  /** Rules of one user. */
  rulesOfUser: 256,
  /** Rounds of PBKDF2 that a verifier may want of a client: about half a second. */
  verifierIterations: 1_000_000,
  /** Bytes of a user name. */
  userName: 64,
  /** Milliseconds between two looks at whether the users file has changed. */
  usersPoll: 1_000,
  /** Milliseconds that a file must be unchanged before its times tell whether it was changed again: two writes may share one. */
  settledAfter: 2_000,
  /** Milliseconds after which a change of the users file that has not ended is taken for dead; it takes a few. */
  lockAge: 60_000,
  /** Milliseconds that a change of the users file waits for others. */
  lockWait: 120_000,
  /** Milliseconds, at most, between two tries to get the lock. */
  lockRetry: 25,
  /** Time of scanning for quotas is at most one part in this many. */
  quotaScanShare: 20,
  /** Numbered names that are tried for somebody who may not know what is there; then a random one. */
  blindNumberedNames: 100,
  /** Bytes of a path that somebody blind may use, with room for other names in it: as long as any path can be. */
  blindPath: 4096,
} as const;
