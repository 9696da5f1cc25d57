const MiB = 1024 * 1024;
const day = 24 * 60 * 60 * 1000;

/** Every bound of the server's own, by name; the protocol's are in its `limitTable`. */
export const bounds = {
  /** Uploads whose staged file is open at once; more are welcome, their files are opened and closed in turns. */
  openStagedFiles: 512,
  /** Writes of one of them that may be in flight: while one ends, the thread that the others wait for has something to do. */
  writesInFlight: 4,
  /** Downloads whose file is open at once; more are welcome, their files are opened and closed in turns. */
  openDownloads: 1024,
  /** Listings that have a folder open at once; one more waits. */
  openListings: 256,
  /** Milliseconds that it waits at most: then the listing ends whose reader has taken nothing for the longest time. */
  listingPatience: 1_000,
  /** Small files that are stored together, all of them open meanwhile … */
  wholeFiles: 64,
  /** … and how many times that at once. */
  wholeBatches: 2,
  /** Milliseconds of work on them in one go, before others have a turn. */
  wholeFileSlice: 3,
  /** Folders that are held open until the end of a turn of the event loop, for the small files that come next from them. */
  foldersAtHand: 64,
  /** Short operations of the store that are under way at once, each with at most three folders open; one more waits. */
  concurrentOperations: 64,
  /** Removals of whole trees that are under way at once; one more waits, and short operations go on meanwhile. */
  treeRemovals: 16,
  /** Folders of one folder that a removal keeps the names of; when they are gone it looks for more. */
  pendingRemovals: 1024,
  /** Entries of a folder that are looked at together while it is listed. */
  listingBatch: 64,
  /** Milliseconds after which fewer are enough. */
  listingSlice: 2,
  /** Milliseconds that what the file system has said of its space is relied on, less all that was promised since. */
  spaceAge: 1_000,
  /** Milliseconds without a change after which what another machine has staged is taken for abandoned. */
  abandonedStagingAge: 7 * day,
  /** Bytes of the journal of uploads, after which it is written anew with what still matters … */
  journalSize: 4 * MiB,
  /** … and that are read of another server's at once. */
  journalRead: 64 * 1024,
  /** How often all journals are read again because one was taken over meanwhile. */
  journalPasses: 10,
  /** UTF-16 units of the paths in what is remembered of uploads; more, and the oldest are forgotten. */
  rememberedPaths: 16 * MiB,
  /** Milliseconds between two looks for uploads that nobody comes back for, and for servers that are gone. */
  sweepInterval: 60_000,
  /** The same where uploads are kept for less. */
  leastSweepInterval: 100,
  /** Milliseconds after which a folder that was changed is known to be changed again by its time. */
  timeGranularity: 50,
  /** Bytes of an upload of unknown size that are reserved at a time, each with one look at how much space is left. */
  spaceStep: 4 * MiB,
  /** Of the file system, in percent, and in bytes: what is kept free unless told otherwise is the smaller of the two. */
  keepFreePercent: 1,
  keepFree: 1024 * MiB,
  /** UTF-16 units of a path, and of any other text of a peer, in one line of the audit log; longer ones are cut. */
  auditPath: 4096,
  auditText: 1024,
  /** Audit lines that wait to be written, in UTF-16 units; the rest is counted and lost. */
  auditBuffer: 8 * MiB,
  /** Milliseconds between two looks at whether another file has the name of the audit log. */
  auditRotationCheck: 1_000,
  /** Milliseconds after a failure before the audit log is written to again. */
  auditRetry: 1_000,
  /** Milliseconds between two complaints that the audit log cannot be written. */
  auditComplaint: 60_000,
  /** Bytes of log lines that wait while stderr takes none. */
  logBuffer: 1 * MiB,
  /** Milliseconds that a forced stop waits for operations to clean up. */
  forcedStop: 5_000,
  /** Processes that serve together. */
  workers: 64,
  /** The same for `--workers auto`, however many cores there are: the standard limits can be divided by that many. */
  autoWorkers: 16,
  /** Workers that are replaced within a time when they die, and that time in milliseconds; one more, and the server gives up. */
  workerRestarts: 10,
  workerRestartWindow: 60_000,
  /** Milliseconds that a health check takes at most. */
  healthCheck: 5_000,
  /** Bytes of a configuration file. */
  configFile: 1 * MiB,
  /** Bytes of a key or a certificate, or a chain of them. */
  stateFile: 1 * MiB,
  /** Milliseconds between two looks at the files of `--tls-cert` and `--tls-key`. */
  keyPolling: 1_000,
} as const;
