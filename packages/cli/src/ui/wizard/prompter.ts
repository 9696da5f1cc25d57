/** What the wizard needs of a terminal. Every question rejects with `Cancelled` when the user gives up. */
export interface Prompter {
  intro(text: string): void;
  outro(text: string): void;
  /** A text to be copied, with a title. */
  note(title: string, text: string): void;
  warn(text: string): void;
  /** Shows what is waited for, until what is returned is called. */
  busy(text: string): () => void;
  /** Free text with suggestions. */
  text(question: TextQuestion): Promise<string>;
  /** Free text, at least a character, that is not shown. */
  secret(message: string): Promise<string>;
  choose<T extends string>(message: string, choices: readonly Choice<T>[]): Promise<T>;
  /** Several of a long list, filtered by typing. */
  pick(message: string, choices: readonly Choice<string>[]): Promise<string[]>;
  confirm(message: string): Promise<boolean>;
}

export interface Suggestion {
  /** What is typed when it is taken. */
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string | undefined;
}

export interface TextQuestion {
  readonly message: string;
  /** Shown while nothing is typed. */
  readonly placeholder: string;
  /** What to offer for what is typed; called after every key. */
  suggestions(typed: string): readonly Suggestion[];
  /** What is wrong with an answer, for people. */
  fault(answer: string): string | undefined;
  /** What an empty answer means, for people; without it, an empty answer is the first suggestion. */
  readonly emptyMeans?: string | undefined;
}

/** The user pressed Ctrl-C or Escape. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}
