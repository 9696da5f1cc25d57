/** Every bound of the suite, by name. Times are in milliseconds. */
export const bounds = {
  /** How long an answer may take, unless `--timeout` says otherwise. */
  answer: 5_000,
  /** How much longer the answer to a login that fails may take: servers let those wait who guess. */
  loginDelay: 10_000,
  /** How long to listen where nothing may come and no PING can show that the peer has got so far. */
  silence: 100,
  /** How long a server may take to store a few MiB that it has got, when it does not say that it has. */
  storing: 500,
  /** Cases that run at once: as many as two small machines can serve without their answers becoming slow. */
  concurrency: 8,
  /** A case takes at most this many times the bound of one answer. */
  answersPerCase: 6,
  /** Bytes kept of a peer that never stops sending. */
  received: 64 * 1024 * 1024,
  /** Longest handshake timeout of a peer that `--slow` waits for. */
  slowest: 120_000,
  /** Streams opened at most to find out whether a limit on them holds. */
  streams: 1_024,
  /** Characters of a peer's text that are shown. */
  shownText: 200,
} as const;
