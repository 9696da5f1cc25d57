import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Io } from '../io.js';
import { Cancelled } from './wizard/prompter.js';

/** Where questions are asked. */
export interface QuestionTerminal {
  readonly io: Pick<Io, 'stdin' | 'stderr'>;
  /** Aborts when the program is to stop. */
  readonly signal: AbortSignal;
}

/**
 * Asks for one line on the terminal, on standard error.
 * @param hidden whether what is typed stays off the screen.
 * @throws Cancelled when the user presses Ctrl-C, ends the input, or stops the program.
 */
export function askLine({ io, signal }: QuestionTerminal, prompt: string, hidden = false): Promise<string> {
  const { stdin, stderr } = io;
  return new Promise((resolve, reject) => {
    const reader = createInterface({
      input: stdin,
      output: hidden ? nowhere() : stderr,
      terminal: true,
      historySize: 0,
    });
    let answer: string | undefined;
    const close = (): void => reader.close();
    signal.addEventListener('abort', close, { once: true });
    reader.once('line', (line) => {
      answer = line;
      reader.close();
    });
    // Ctrl-C and the end of the input close it, too.
    reader.once('close', () => {
      signal.removeEventListener('abort', close);
      if (hidden || answer === undefined) stderr.write('\n');
      if (answer === undefined) reject(new Cancelled());
      else resolve(answer);
    });
    // Drawn again by `readline` whenever a key moves the cursor, so it has to know it.
    reader.setPrompt(prompt);
    if (hidden) stderr.write(prompt);
    else reader.prompt();
    if (signal.aborted) close();
  });
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
