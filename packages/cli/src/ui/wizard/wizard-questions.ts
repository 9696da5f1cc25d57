import { visibleText } from '@filex/protocol';
import { type Questions, type TrustAnswer, trustAnswer } from '../../access/questions.js';
import type { Prompter } from './prompter.js';

/**
 * Asks as the wizard does.
 * @param pause called before a question; what it returns, after the answer.
 */
export function wizardQuestions(ask: Prompter, pause: () => () => void): Questions {
  const paused = async <T>(question: () => Promise<T>): Promise<T> => {
    const resume = pause();
    const answer = await question();
    resume();
    return answer;
  };
  return {
    trust: ({ name, fingerprint }) =>
      paused(async () => {
        ask.warn(
          `The server ${visibleText(name)} is not known yet. Its key is\n${fingerprint}\nCompare it with what the server has printed.`,
        );
        const typed = await ask.text({
          message: 'Connect and remember it?',
          placeholder: 'y or n, or paste the key that the server has printed',
          emptyMeans: 'no',
          suggestions: () => [],
          fault: (answer) =>
            trustAnswer(answer, fingerprint) === undefined ? 'Type y or n, or paste the key.' : undefined,
        });
        return trustAnswer(typed, fingerprint) as TrustAnswer;
      }),
    user: (server) =>
      paused(async () => {
        const user = await ask.text({
          message: 'Who are you there?',
          placeholder: 'your user name',
          suggestions: () => [],
          fault: (answer) =>
            answer.trim() === '' ? `${visibleText(server)} lets nobody in without a user name.` : undefined,
        });
        return user.trim();
      }),
    passcode: (login) => paused(() => ask.secret(`Passcode of ${visibleText(login)}`)),
    tell: (text) => {
      const resume = pause();
      ask.warn(text);
      resume();
    },
  };
}
