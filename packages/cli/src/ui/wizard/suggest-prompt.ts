import type { Key } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Prompt } from '@clack/core';
import type { Suggestion, TextQuestion } from './prompter.js';

interface Streams {
  readonly input: Readable;
  readonly output: Writable;
}

/**
 * A line of text with suggestions below it. What is typed counts; a suggestion only when the user goes down to it or
 * completes to it, so that Enter never enters something that was not asked for.
 */
export class SuggestPrompt extends Prompt<string> {
  readonly question: TextQuestion;
  suggestions: readonly Suggestion[] = [];
  /** Index of the suggestion the user went to; -1 is the text. */
  highlighted = -1;
  #asked: string | undefined;

  constructor(question: TextQuestion, streams: Streams, render: (prompt: SuggestPrompt) => string) {
    super(
      {
        input: streams.input,
        output: streams.output,
        render: () => render(this),
        validate: (value) => question.fault(value ?? ''),
      },
      true,
    );
    this.question = question;
    this.#refresh('');
    this.on('userInput', (text) => this.#refresh(text));
    this.on('key', (_character, key) => this.#onKey(key));
  }

  /** The typed text up to the cursor, and after it. */
  get parts(): readonly [string, string] {
    return [this.userInput.slice(0, this._cursor), this.userInput.slice(this._cursor)];
  }

  #refresh(text: string): void {
    if (text === this.#asked) return;
    this.#asked = text;
    this.suggestions = this.question.suggestions(text);
    this.highlighted = -1;
  }

  #onKey(key: Key): void {
    const { length } = this.suggestions;
    if (key.name === 'down' && length > 0)
      this.highlighted = this.highlighted + 1 < length ? this.highlighted + 1 : -1;
    else if (key.name === 'up' && length > 0)
      this.highlighted = this.highlighted < 0 ? length - 1 : this.highlighted - 1;
    else if (key.name === 'tab') this.#complete();
    else if (key.name === 'return') this._setValue(this.#answer());
  }

  #complete(): void {
    const chosen = this.highlighted >= 0 ? this.suggestions[this.highlighted]?.value : this.#common();
    if (chosen === undefined || chosen === this.userInput) return;
    this._clearUserInput();
    this._setUserInput(chosen, true);
  }

  /** As shells complete: what all suggestions that continue the text have in common. */
  #common(): string | undefined {
    const continuing = this.suggestions
      .map(({ value }) => value)
      .filter((value) => value.startsWith(this.userInput));
    const [first] = continuing;
    if (first === undefined) return undefined;
    let length = first.length;
    for (const value of continuing) {
      let same = 0;
      while (same < length && value[same] === first[same]) same += 1;
      length = same;
    }
    return first.slice(0, length);
  }

  #answer(): string {
    const chosen = this.suggestions[this.highlighted]?.value;
    if (chosen !== undefined) return chosen;
    if (this.userInput !== '' || this.question.emptyMeans !== undefined) return this.userInput;
    return this.suggestions[0]?.value ?? '';
  }
}
