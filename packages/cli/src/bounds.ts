/** Every bound of the client, by name, in one table. */
export const bounds = {
  /** Files on their way at once, unless `--transfers` says otherwise. */
  transfers: 16,
  /** The most `--transfers` can ask for: half of the streams a connection has, the rest stays for folders and listings. */
  maxTransfers: 128,
  /** Bytes of a file that is sent in one piece, so that what it waits for is its answer … */
  smallFileSize: 64 * 1024,
  /** … and how many of these are on their way in the place of a larger one. */
  smallFilesPerTransfer: 8,
  /** Found files that may wait for a free lane: what a walk can be ahead, and so what it can hold in memory. */
  filesAhead: 65_536,
  /** Characters of their names: a server that lists the longest there can be must not fill the memory with them. */
  charactersAhead: 16 * 1024 * 1024,
  /** Milliseconds a walk or a listing works before it lets transfers go on. */
  walkSlice: 4,
  /** Failures shown at the end; `--verbose` shows `failuresKept`. The rest is counted. */
  failuresShown: 20,
  /** Failures remembered in full. */
  failuresKept: 10_000,
  /** Folders whose time of modification is remembered, to be set when all is in them. */
  folderTimes: 500_000,
  /** Characters of their names. */
  folderTimesCharacters: 64 * 1024 * 1024,
  /** Local folders that are known to be folders, before they are looked at again. */
  foldersKnown: 100_000,
  /** Characters of their names. */
  foldersKnownCharacters: 16 * 1024 * 1024,
  /** Bars of single files below the total. */
  fileBars: 4,
  /** Milliseconds between two frames on a terminal. */
  frameInterval: 100,
  /** Off a terminal: a line after this many milliseconds … */
  plainInterval: 10_000,
  /** … or at each of so many parts of the whole, but never two within `plainMinimum` milliseconds. */
  plainSteps: 10,
  plainMinimum: 1_000,
  /** Milliseconds between two `progress` events of `--json`. */
  jsonInterval: 1_000,
  /** Milliseconds of the past that the shown rate is the average of. */
  rateWindow: 8_000,
  /** Entries that `ls` sorts; longer folders are shown in the order of the server. */
  sortedEntries: 100_000,
  /** Characters of their names. */
  sortedCharacters: 16 * 1024 * 1024,
  /** Entries the wizard offers to choose from. */
  wizardEntries: 20_000,
  /** Names the wizard offers while a local path is typed. */
  wizardCompletions: 200,
  /** Servers the wizard remembers. */
  recentServers: 10,
  /** Bytes of the file of known servers: some ten thousand of them. When it is full, no server is forgotten, but none is added. */
  knownHostsSize: 1024 * 1024,
  /** Bytes of the credentials file. */
  credentialsSize: 1024 * 1024,
  /** Bytes of the line that `--passcode-stdin` reads. */
  passcodeSize: 4096,
  /** How often a passcode is asked for. */
  passcodeAttempts: 3,
  /** Milliseconds to reach a server, unless `--connect-timeout` says otherwise. */
  connectTimeout: 10_000,
  /** How often in a row to connect again, unless `--retries` says otherwise. */
  retries: 30,
  /** The most `--retries` can ask for. */
  maxRetries: 1_000_000,
  /** Seconds, the most `--timeout` can ask for: what a timer of Node can wait. */
  maxTimeout: 2_000_000,
  /** Milliseconds a command may take to end in good order after `--timeout`; then the process ends. */
  deadlineGrace: 10_000,
  /** Bytes of a file, one block: what is larger is remembered while it is transferred, so that another run can go on. */
  rememberedSize: 1024 * 1024,
  /** Transfers remembered at once. When there are as many, more are transferred without being remembered. */
  transferStates: 1_000,
  /** Bytes of what is remembered of one transfer. */
  transferStateSize: 64 * 1024,
  /** Characters of the words of a command that are remembered with a transfer; a longer one is not. */
  rememberedCommand: 8 * 1024,
  /** Milliseconds that an interrupted transfer, and what is there of it, is kept: 30 days. */
  transferStateAge: 30 * 24 * 60 * 60 * 1000,
  /** Milliseconds between two signs of life of who is at work on a transfer. */
  lockHeartbeat: 60_000,
  /** Milliseconds without such a sign after which nobody is, when that cannot be found out otherwise: it was on another machine. */
  lockLifetime: 180_000,
  /** Milliseconds after which a lock, or a file that was being written, has been left behind by a process that has died. */
  leftoverAge: 24 * 60 * 60 * 1000,
  /** Off a terminal: milliseconds between two lines about the connection. */
  connectionInterval: 1_000,
  /** Bytes per second that `--bwlimit` can ask for, at least. */
  leastBandwidth: 1024,
  /** Milliseconds a session may take to say goodbye before it is cut. */
  closeTimeout: 2_000,
  /** Bytes of one line of a file of receipts. */
  receiptLine: 128 * 1024,
  /** Receipts of one file that can be compared with the files of a folder. */
  receiptsCompared: 1_000_000,
  /** Files that are digested at once, here and on a server. */
  digests: 4,
  /** Bytes of a file that are read at once to be digested. */
  digestBuffer: 512 * 1024,
  /** The most `ping --count` can ask for. */
  maxPings: 10_000,
} as const;
