/** Every bound on a client under test, by name. Times are in milliseconds. */
export const bounds = {
  /** How long one run of the client may take until it is killed. */
  process: 20_000,
  /** The same, of the cases that wait for the timers of the client. */
  slowProcess: 300_000,
  /** How long a client may take to start and to connect. */
  start: 10_000,
  /** How long to wait for a client to connect again by itself, when it is not known whether it does. */
  again: 5_000,
  /** How long to listen where a client may say nothing. */
  silence: 150,
  /** Cases that run at once when each starts processes: as many as a machine with two cores has use for. */
  processes: 3,
  /** Characters kept of what a client tells its user. */
  output: 1_000_000,
  /** Bytes that a client may take for a reader that does not read, at most: the cap of a window, and what pipes hold. */
  unread: 72 * 1024 * 1024,
} as const;
