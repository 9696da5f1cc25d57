import { type ClientUnderTest, type Verb, verbs, verbTexts } from './client-under-test.js';
import { type CommandTemplate, checkTemplate, parseTemplate } from './command-template.js';
import { ProcessClient } from './process-client.js';

/** Options of the command line that say how a client is run, as `parseArgs` wants them. */
export const clientOptions = {
  put: { type: 'string' },
  get: { type: 'string' },
  ls: { type: 'string' },
  tree: { type: 'string' },
  cat: { type: 'string' },
} as const satisfies Record<Verb, { type: 'string' }>;

/** What a command must be told, so that it can do anything. */
const needed = {
  put: ['file', 'url'],
  get: ['url', 'file'],
  ls: ['url'],
  tree: ['url', 'dir'],
  cat: ['url'],
} as const;

/** The command line of filex-client, which others may have as well. */
const usual: Readonly<Record<Verb, readonly string[]>> = {
  put: ['put', '{file}', '{url}'],
  get: ['get', '{url}', '{file}'],
  ls: ['ls', '{url}'],
  tree: ['get', '-r', '{url}/.', '{dir}'],
  cat: ['cat', '{url}'],
};

export const clientHelp = verbs.map((verb) => `  --${verb} COMMAND`.padEnd(19) + verbTexts[verb]).join('\n');

/**
 * The client that the command line describes.
 * @param given the command of each verb.
 * @param command what stands after `--`: a client that takes the verbs of filex-client. A verb of its own goes before.
 * @throws Error saying what is wrong, for the user.
 */
export function clientOf(
  given: Partial<Readonly<Record<Verb, string>>>,
  command: readonly string[],
): ClientUnderTest {
  const commands = new Map<Verb, CommandTemplate>();
  for (const verb of verbs) {
    const text = given[verb];
    if (text !== undefined) {
      const template = parseTemplate(text);
      checkTemplate(template, needed[verb]);
      commands.set(verb, template);
    } else if (command.length > 0) {
      commands.set(verb, [...command, ...usual[verb]]);
    }
  }
  if (commands.size === 0)
    throw new Error("say how the client is run: --put 'client put {file} {url}' and so on, or -- COMMAND");
  return new ProcessClient(commands);
}
