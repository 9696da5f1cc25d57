/** What a client can be asked to do. */
export const verbs = ['put', 'get', 'ls', 'tree', 'cat'] as const;
export type Verb = (typeof verbs)[number];

/** What each verb is, for people. */
export const verbTexts: Readonly<Record<Verb, string>> = {
  put: 'uploads {file} to {url}',
  get: 'downloads {url} to {file}, which is not there before',
  ls: 'lists the folder {url} on standard output',
  tree: 'downloads the folder {url} with all that is in it into {dir}, which is there and empty',
  cat: 'writes the file {url} to standard output',
};

/** One thing to do. */
export interface Task {
  readonly verb: Verb;
  readonly url: string;
  /** Absolute path of a local file: the source of `put`, the destination of `get`. */
  readonly file: string;
  /** Absolute path of a local folder: the destination of `tree`. */
  readonly dir: string;
  /** Absolute path of a folder that the client may take for the user's own. */
  readonly home: string;
  /** Of the user in the address; undefined when there is none. */
  readonly passcode: string | undefined;
  /** What the client writes to standard output is not read before `release`. */
  readonly holdOutput: boolean;
  /** Milliseconds that it may take until it is killed. */
  readonly timeout: number;
}

/** How the client ended. */
export interface Ending {
  /** Whether it says that it has done what it was asked. */
  readonly ok: boolean;
  /** `exit code 5`, for messages. */
  readonly how: string;
  /** It did not end by itself within its bound, and was killed. */
  readonly killed: boolean;
  /** What it told its user; undefined when it tells people nothing. */
  readonly output: string | undefined;
}

export interface RunningClient {
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** Begins to read what it writes to standard output. */
  release(): void;
  /** Ends it, whatever it does. */
  stop(): void;
}

/** A client, in whatever way it is run. */
export interface ClientUnderTest {
  /** For the report. */
  readonly name: string;
  can(verb: Verb): boolean;
  start(task: Task): RunningClient;
}
