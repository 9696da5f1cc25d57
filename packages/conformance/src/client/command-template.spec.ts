import { expect, it } from 'vitest';
import { checkTemplate, fillTemplate, parseTemplate } from './command-template.js';

const task = { url: 'filex+tcp://a/b c', file: '/tmp/$(file)', dir: "/tmp/it's" };

it.each([
  ['client ls {url}', ['client', 'ls', task.url]],
  ['  client\tget  {url} {file} ', ['client', 'get', task.url, task.file]],
  ["'my client' --to={dir}", ['my client', `--to=${task.dir}`]],
  ['a"b c"\'d e\' {url}{file}', ['ab cd e', `${task.url}${task.file}`]],
  ["client '' {url}", ['client', '', task.url]],
  ['client; rm -rf $HOME | {url} > \\x', ['client;', 'rm', '-rf', '$HOME', '|', task.url, '>', '\\x']],
])('%j has no shell', (text, words) => {
  expect(fillTemplate(parseTemplate(text), task as Parameters<typeof fillTemplate>[1])).toEqual(words);
});

it.each(["client 'ls", 'client "ls', ' ', "client it's"])('%j is refused', (text) => {
  expect(() => parseTemplate(text)).toThrow(/is not closed|is empty/);
});

it('wants every place that a verb needs, and none that there is not', () => {
  expect(() => checkTemplate(['client', '{url}'], ['url'])).not.toThrow();
  expect(() => checkTemplate(['client', '{url}'], ['url', 'file'])).toThrow('lacks {file}');
  expect(() => checkTemplate(['client', '{url}', '{what}'], ['url'])).toThrow('has {what}');
});
