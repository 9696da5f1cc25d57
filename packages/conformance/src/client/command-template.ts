import type { Task } from './client-under-test.js';

const places = ['url', 'file', 'dir'] as const;

/** The words of a command, in which `{url}`, `{file}` and `{dir}` stand for what is not known yet. */
export type CommandTemplate = readonly string[];

/**
 * Cuts a command into words. There is no shell: blanks separate, quotes of both kinds keep together, and nothing else
 * means anything.
 * @throws Error when a quote is not closed, or there is no word.
 */
export function parseTemplate(text: string): CommandTemplate {
  const words: string[] = [];
  const word = /(?:[^\s'"]+|'[^']*'|"[^"]*")+/y;
  let at = 0;
  for (;;) {
    at += (/^\s*/.exec(text.slice(at)) as RegExpExecArray)[0].length;
    if (at === text.length) break;
    word.lastIndex = at;
    const found = word.exec(text)?.[0];
    if (found === undefined) throw new Error(`a quote in ${JSON.stringify(text)} is not closed`);
    words.push(found.replaceAll(/'([^']*)'|"([^"]*)"/g, (_all, single = '', double = '') => single + double));
    at += found.length;
  }
  if (words.length === 0) throw new Error('a command is empty');
  return words;
}

/** @throws Error when a place that the command needs is missing, or it names one that there is not. */
export function checkTemplate(template: CommandTemplate, needed: readonly (typeof places)[number][]): void {
  const text = template.join(' ');
  for (const place of needed) {
    if (!text.includes(`{${place}}`)) throw new Error(`the command "${text}" lacks {${place}}`);
  }
  for (const [, name] of text.matchAll(/\{(\w+)\}/g)) {
    if (!(places as readonly string[]).includes(name as string))
      throw new Error(`the command "${text}" has {${name}}; there are {${places.join('}, {')}}`);
  }
}

/** The words with everything filled in. */
export function fillTemplate(template: CommandTemplate, task: Task): string[] {
  return template.map((word) =>
    word.replaceAll(/\{(url|file|dir)\}/g, (_all, place: (typeof places)[number]) => task[place]),
  );
}
