import type { ColorChoice } from './ui/terminal.js';

/** The options that every verb has. */
export interface Settings {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Whether questions may be asked. */
  readonly input: boolean;
  readonly color: ColorChoice;
  /** Whether the first line of standard input is the passcode. */
  readonly passcodeStdin?: boolean | undefined;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Bytes per second, for verbs that transfer. */
  readonly bwlimit?: number | undefined;
  /** How often in a row to connect again before giving up; 0: never. */
  readonly retries: number;
  /** Seconds for the whole command. */
  readonly timeout?: number | undefined;
}
