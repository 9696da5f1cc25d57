import { Cancelled, type Choice, type Prompter, type TextQuestion } from '../ui/wizard/prompter.js';

/** Answers the wizard from a script, and notes what it was shown. */
export class ScriptedPrompter implements Prompter {
  readonly shown: string[] = [];
  readonly offered: string[][] = [];
  /** What is shown as being waited for; nothing may be while a question is asked. */
  busyNow = 0;
  readonly waited: string[] = [];
  readonly #answers: (string | string[] | boolean | 'CANCEL')[];

  constructor(...answers: (string | string[] | boolean)[]) {
    this.#answers = answers;
  }

  /** Answers that were not asked for. */
  get left(): number {
    return this.#answers.length;
  }

  intro(text: string): void {
    this.shown.push(text);
  }
  outro(text: string): void {
    this.shown.push(text);
  }
  note(_title: string, text: string): void {
    this.shown.push(`note: ${text}`);
  }
  warn(text: string): void {
    this.shown.push(`warn: ${text}`);
  }
  busy(text: string): () => void {
    this.waited.push(text);
    this.busyNow += 1;
    let ended = false;
    return () => {
      if (!ended) this.busyNow -= 1;
      ended = true;
    };
  }

  async text(question: TextQuestion): Promise<string> {
    for (;;) {
      const typed = this.#next(question.message);
      if (typeof typed !== 'string') throw new Error(`${question.message} wants text, not ${String(typed)}`);
      const suggestions = question.suggestions(typed);
      this.offered.push(suggestions.map(({ value }) => value));
      const answer =
        typed === '' && question.emptyMeans === undefined ? (suggestions[0]?.value ?? '') : typed;
      const fault = question.fault(answer);
      if (fault === undefined) return answer;
      this.shown.push(`fault: ${fault}`);
    }
  }

  async secret(message: string): Promise<string> {
    const answer = this.#next(message);
    if (typeof answer !== 'string') throw new Error(`${message} wants text, not ${String(answer)}`);
    this.shown.push(`secret: ${message}`);
    return answer;
  }

  async choose<T extends string>(message: string, choices: readonly Choice<T>[]): Promise<T> {
    const answer = this.#next(message);
    const found = choices.find(({ value }) => value === answer);
    if (found === undefined) throw new Error(`${message} has no choice ${String(answer)}`);
    return found.value;
  }

  async pick(message: string, choices: readonly Choice<string>[]): Promise<string[]> {
    this.offered.push(choices.map(({ label }) => label.replace(/ +/g, ' ')));
    const answer = this.#next(message);
    if (!Array.isArray(answer)) throw new Error(`${message} wants a list, not ${String(answer)}`);
    for (const one of answer) {
      if (!choices.some(({ value }) => value === one)) throw new Error(`${message} has no choice ${one}`);
    }
    return answer;
  }

  async confirm(message: string): Promise<boolean> {
    const answer = this.#next(message);
    if (typeof answer !== 'boolean') throw new Error(`${message} wants yes or no, not ${String(answer)}`);
    return answer;
  }

  #next(message: string): string | string[] | boolean {
    if (this.busyNow > 0) throw new Error(`${message} is asked while something else is waited for`);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error(`nothing in the script answers: ${message}`);
    if (answer === 'CANCEL') throw new Cancelled();
    return answer;
  }
}
