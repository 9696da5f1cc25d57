import { visibleText } from '@filex/protocol';
import { type Questions, trustAnswer } from '../access/questions.js';
import { askLine, type QuestionTerminal } from './ask-line.js';

/** Asks line by line, for verbs. */
export function terminalQuestions(terminal: QuestionTerminal): Questions {
  const say = (text: string): void => void terminal.io.stderr.write(`${text}\n`);
  return {
    trust: async ({ name, fingerprint }) => {
      say(
        `The server ${visibleText(name)} is not known yet. Its key is\n  ${fingerprint}\nCompare it with what the server has printed.`,
      );
      for (;;) {
        const typed = await askLine(terminal, 'Connect and remember it? [y/N, or paste the key] ');
        const answer = trustAnswer(typed, fingerprint);
        if (answer !== undefined) return answer;
        say('Type y or n, or paste the key that the server has printed.');
      }
    },
    user: async (server) => {
      say(`${visibleText(server)} lets nobody in without a user name.`);
      for (;;) {
        const user = (await askLine(terminal, 'User name: ')).trim();
        if (user !== '') return user;
      }
    },
    passcode: async (login) => {
      for (;;) {
        const passcode = await askLine(terminal, `Passcode of ${visibleText(login)}: `, true);
        if (passcode !== '') return passcode;
      }
    },
    tell: say,
  };
}
