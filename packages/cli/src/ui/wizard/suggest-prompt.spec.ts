import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { isCancel } from '@clack/core';
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../columns.js';
import type { TextQuestion } from './prompter.js';
import { SuggestPrompt } from './suggest-prompt.js';
import { renderSuggest } from './suggest-view.js';

const frame = { active: '*', done: 'o', cancelled: 'x', wrong: '!', bar: '|', end: '-', on: '>', off: ' ' };
const keys = {
  down: '\x1b[B',
  up: '\x1b[A',
  tab: '\t',
  enter: '\r',
  cancel: '\x03',
  back: '\x7f',
  left: '\x1b[D',
};

function ask(more: Partial<TextQuestion>, columns = 60) {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { columns, rows: 20 });
  const values = ['apple', 'apricot', 'banana'];
  const question: TextQuestion = {
    message: 'Which fruit?',
    placeholder: 'a fruit',
    suggestions: (typed) =>
      values.filter((v) => v.startsWith(typed)).map((value) => ({ value, label: value })),
    fault: (answer) => (answer === 'bad' ? 'Not that one.' : undefined),
    ...more,
  };
  const frames: string[] = [];
  const prompt = new SuggestPrompt(question, { input, output }, (self) => {
    const text = renderSuggest(self, picocolors.createColors(false), frame, columns - 1);
    frames.push(text);
    return text;
  });
  const answer = prompt.prompt();
  return {
    answer,
    frames,
    /** Types one key after the other, as a person does. */
    async type(...strokes: string[]): Promise<void> {
      for (const stroke of strokes) {
        input.write(stroke);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

describe('SuggestPrompt', () => {
  it.each<[string, string[], Partial<TextQuestion>, string]>([
    ['what is typed counts', ['ap', keys.enter], {}, 'ap'],
    ['going down chooses', ['a', keys.down, keys.down, keys.enter], {}, 'apricot'],
    ['going up begins at the end', [keys.up, keys.enter], {}, 'banana'],
    ['past the end is the text again', ['b', keys.down, keys.down, keys.enter], {}, 'b'],
    ['tab completes what is common', ['a', keys.tab, keys.enter], {}, 'ap'],
    ['tab completes the only one', ['b', keys.tab, keys.enter], {}, 'banana'],
    ['tab takes what was gone to', ['a', keys.down, keys.down, keys.tab, '!', keys.enter], {}, 'apricot!'],
    ['tab without anything to complete leaves the text', ['zz', keys.tab, keys.enter], {}, 'zz'],
    ['nothing is the first suggestion', [keys.enter], {}, 'apple'],
    ['nothing is nothing when that means something', [keys.enter], { emptyMeans: 'none' }, ''],
    ['a fault asks again', ['bad', keys.enter, keys.back, keys.back, keys.back, 'ok', keys.enter], {}, 'ok'],
    ['typing in the middle', ['ac', keys.left, 'b', keys.enter], {}, 'abc'],
  ])('%s', async (_name, strokes, more, expected) => {
    const it = ask(more);
    await it.type(...strokes);
    expect(await it.answer).toBe(expected);
  });

  it('can be given up', async () => {
    const it = ask({});
    await it.type('a', keys.cancel);
    expect(isCancel(await it.answer)).toBe(true);
    expect(it.frames.at(-1)).toContain('x  Which fruit?');
  });

  it('looks like this', async () => {
    const it = ask({});
    expect(it.frames.at(-1)?.split('\n')).toEqual([
      '|',
      '*  Which fruit?',
      '|  a fruit',
      '|    apple',
      '|    apricot',
      '|    banana',
      '-  ↑/↓ choose • Tab completes • Enter accepts',
    ]);
    await it.type('a', keys.down);
    expect(it.frames.at(-1)?.split('\n').slice(2, 5)).toEqual(['|  a ', '|  > apple', '|    apricot']);
    await it.type(keys.back, 'bad', keys.enter);
    expect(it.frames.at(-1)).toContain('-  Not that one.');
    await it.type(keys.cancel);
    await it.answer;
  });

  it('keeps within the terminal, whatever is typed or suggested', async () => {
    const long = '日本語😀'.repeat(20);
    const suggestions = (): { value: string; label: string; hint: string }[] =>
      Array.from({ length: 50 }, () => ({ value: long, label: long, hint: '12 MiB' }));
    const it = ask({ suggestions, fault: () => long }, 30);
    await it.type(long, keys.left, keys.down, keys.enter, keys.cancel);
    await it.answer;
    for (const line of it.frames.flatMap((text) => text.split('\n'))) {
      expect(columnsOf(stripVTControlCharacters(line))).toBeLessThan(30);
    }
    expect(Math.max(...it.frames.map((text) => text.split('\n').length))).toBeLessThanOrEqual(13);
  });
});
