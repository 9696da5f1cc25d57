import { visibleText } from '@filex/protocol';
import type picocolors from 'picocolors';
import { clip, columnsOf, fit } from '../columns.js';
import type { SuggestPrompt } from './suggest-prompt.js';

type Colors = ReturnType<typeof picocolors.createColors>;

/** The characters that frame a question, as @clack/prompts has them. */
export interface Frame {
  readonly active: string;
  readonly done: string;
  readonly cancelled: string;
  readonly wrong: string;
  readonly bar: string;
  readonly end: string;
  readonly on: string;
  readonly off: string;
}

const SHOWN = 7;

/** What a question for text looks like in each of its states. */
export function renderSuggest(prompt: SuggestPrompt, colors: Colors, frame: Frame, columns: number): string {
  const { question, state } = prompt;
  const bar = colors.gray(frame.bar);
  const answer = visibleText(prompt.value ?? '') || (question.emptyMeans ?? '');
  switch (state) {
    case 'submit':
      return `${bar}\n${colors.green(frame.done)}  ${question.message}\n${bar}  ${colors.dim(fit(answer, columns - 3))}`;
    case 'cancel':
      return `${bar}\n${colors.red(frame.cancelled)}  ${question.message}\n${bar}`;
    default: {
      const wrong = state === 'error';
      const tint = wrong ? colors.yellow : colors.cyan;
      const side = tint(frame.bar);
      const lines = [
        bar,
        `${tint(wrong ? frame.wrong : frame.active)}  ${question.message}`,
        `${side}  ${textLine(prompt, colors, columns - 3)}`,
        ...suggestionLines(prompt, colors, frame, columns - 3).map((line) => `${side}  ${line}`),
      ];
      const last = wrong
        ? colors.yellow(clip(visibleText(prompt.error), columns - 3))
        : colors.dim(clip(keysFor(prompt), columns - 3));
      return [...lines, `${tint(frame.end)}  ${last}`].join('\n');
    }
  }
}

function textLine(prompt: SuggestPrompt, colors: Colors, columns: number): string {
  const [before, after] = prompt.parts;
  if (before === '' && after === '') {
    const { placeholder } = prompt.question;
    return `${colors.inverse(placeholder.slice(0, 1) || ' ')}${colors.dim(clip(placeholder.slice(1), columns - 1))}`;
  }
  // The end matters most while typing; the line is the user's own text, shown as safely as any.
  const shownBefore = tail(visibleText(before), columns - 1);
  const shownAfter = visibleText(after);
  const under = shownAfter.slice(0, 1) || ' ';
  const rest = clip(shownAfter.slice(1), Math.max(0, columns - columnsOf(shownBefore) - 1));
  return `${shownBefore}${colors.inverse(under)}${rest}`;
}

function tail(text: string, columns: number): string {
  let cut = text;
  while (columnsOf(cut) > columns) cut = cut.slice(1);
  return cut;
}

function suggestionLines(prompt: SuggestPrompt, colors: Colors, frame: Frame, columns: number): string[] {
  const { suggestions, highlighted } = prompt;
  const start = Math.max(0, Math.min(highlighted - SHOWN + 2, suggestions.length - SHOWN));
  const lines = suggestions.slice(start, start + SHOWN).map((suggestion, i) => {
    const chosen = start + i === highlighted;
    const hint = suggestion.hint === undefined ? '' : `  ${suggestion.hint}`;
    const label = fit(suggestion.label, Math.max(1, columns - 2 - columnsOf(hint)));
    const mark = chosen ? colors.green(frame.on) : colors.dim(frame.off);
    return `${mark} ${chosen ? label : colors.dim(label)}${colors.dim(hint)}`;
  });
  const below = suggestions.length - start - lines.length;
  if (below > 0) lines.push(colors.dim(`  … ${below} more`));
  return lines;
}

function keysFor(prompt: SuggestPrompt): string {
  return prompt.suggestions.length === 0 ? 'Enter accepts' : '↑/↓ choose • Tab completes • Enter accepts';
}
