import * as clack from '@clack/prompts';
import type { Context } from '../../context.js';
import { Screen } from '../progress/screen.js';
import { quietInput } from '../quiet-input.js';
import { usableColumns, usesUnicode } from '../terminal.js';
import { Cancelled, type Choice, type Prompter, type TextQuestion } from './prompter.js';
import { SuggestPrompt } from './suggest-prompt.js';
import { type Frame, renderSuggest } from './suggest-view.js';
import { terminalOutput } from './terminal-output.js';

const SHOWN = 12;

/** Asks on the terminal, on standard error, so that standard output stays clean. */
export function clackPrompter(context: Context): Prompter {
  const { io, colors } = context;
  const output = terminalOutput(io.stderr, colors.isColorSupported);
  const streams = { input: io.stdin, output, signal: context.signal };
  // Ctrl-D ends input; to the user it is one more way to leave.
  clack.updateSettings({ aliases: { '\x04': 'cancel' } });
  const frame: Frame = {
    active: clack.S_STEP_ACTIVE,
    done: clack.S_STEP_SUBMIT,
    cancelled: clack.S_STEP_CANCEL,
    wrong: clack.S_STEP_ERROR,
    bar: clack.S_BAR,
    end: clack.S_BAR_END,
    on: clack.S_RADIO_ACTIVE,
    off: clack.S_RADIO_INACTIVE,
  };
  return {
    intro: (text) => clack.intro(text, { output }),
    outro: (text) => clack.outro(text, { output }),
    note: (title, text) => {
      // Not in a box: the text is there to be copied.
      output.write(`${colors.gray(frame.bar)}\n${colors.green(frame.done)}  ${title}\n\n  ${text}\n\n`);
    },
    warn: (text) => clack.log.warn(text, { output }),
    busy: (text) => {
      const screen = new Screen(io.stderr);
      screen.draw([`${colors.gray(frame.bar)}  ${text}`]);
      const forget = io.onExit(() => screen.close());
      const listen = quietInput(io);
      return () => {
        listen();
        screen.close();
        forget();
      };
    },
    text: (question: TextQuestion) =>
      answered(
        new SuggestPrompt(question, streams, (prompt) =>
          renderSuggest(prompt, colors, frame, usableColumns(io.stderr)),
        ).prompt(),
      ),
    secret: (message) =>
      answered(
        clack.password({
          ...streams,
          message,
          validate: (typed) =>
            typed === undefined || typed === '' ? 'Type it, or press Escape.' : undefined,
        }),
      ),
    choose: <T extends string>(message: string, choices: readonly Choice<T>[]) =>
      answered(clack.select<T>({ ...streams, message, options: optionsOf(choices) })),
    pick: (message, choices) =>
      answered(
        clack.autocompleteMultiselect<string>({
          ...streams,
          message,
          options: optionsOf(choices),
          placeholder: usesUnicode(io.platform, io.env) ? 'type to filter…' : 'type to filter',
          maxItems: SHOWN,
          required: true,
        }),
      ),
    confirm: (message) => answered(clack.confirm({ ...streams, message })),
  };
}

function optionsOf<T extends string>(choices: readonly Choice<T>[]): clack.Option<T>[] {
  return choices.map(({ value, label, hint }) =>
    hint === undefined ? { value, label } : { value, label, hint },
  ) as clack.Option<T>[];
}

async function answered<T>(answer: Promise<T | typeof clack.CANCEL_SYMBOL | undefined>): Promise<T> {
  const value = await answer;
  if (value === undefined || clack.isCancel(value)) throw new Cancelled();
  return value;
}
