const MiB = 1024 * 1024;
const day = 24 * 60 * 60 * 1000;

/** Every bound of the server's own, by name; the protocol's are in its `limitTable`. */
export const bounds = {
  /** Uploads whose staged file is open at once; more are welcome, their files are opened and closed in turns. */
  openStagedFiles: 512,
  /** Downloads whose file is open at once; one more waits until one has ended. */
  openDownloads: 1024,
  /** Listings that have a folder open at once; one more waits. */
  openListings: 128,
  /** Short operations of the store that are under way at once, each with at most three folders open; one more waits. */
  concurrentOperations: 64,
  /** Entries of a folder that are looked at together while it is listed. */
  listingBatch: 64,
  /** Uploads smaller than this, in bytes, do not ask how much space is left before they begin. */
  spaceCheckFrom: 1 * MiB,
  /** Milliseconds without a change after which what another machine has staged is taken for abandoned. */
  abandonedStagingAge: 7 * day,
  /** Milliseconds that a forced stop waits for operations to clean up. */
  forcedStop: 5_000,
  /** Milliseconds that a health check takes at most. */
  healthCheck: 5_000,
  /** Bytes of a configuration file. */
  configFile: 1 * MiB,
} as const;
