import type { Readable, Writable } from 'node:stream';
import type { ConnectOptions, Session } from '@filex/protocol/node';

/** A stream that may be a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};
/** A stream that may be a keyboard. */
type Input = Readable & {
  readonly isTTY?: boolean | undefined;
  setRawMode?(mode: boolean): unknown;
};

/** All that a command knows of the process it runs in, so that tests can be the process. */
export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** What the user types to get here, for the commands we show. */
  readonly program: readonly string[];
  /** Milliseconds of a clock that only runs forward. */
  now(): number;
  connect(url: string, options: ConnectOptions): Promise<Session>;
  /** Where to remember things between runs. */
  stateDirectory(): string;
  /** Where the user keeps what this program should know. */
  configDirectory(): string;
  /** Tells when the user wants to stop; returns how to unsubscribe. */
  onInterrupt(listener: () => void): () => void;
  /** Tells the same when the terminal does not, because it hands over every key. */
  interrupt(): void;
  /** Ends the process now. */
  exit(code: number): void;
  /** Tells when the process is about to end, however that comes; returns how to unsubscribe. */
  onExit(listener: () => void): () => void;
}
