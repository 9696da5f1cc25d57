import { UsersError } from '../access/users-document.js';

/** Asks on the terminal, and shows nothing of the answer but how long it is. */
export async function askHidden(question: string): Promise<string> {
  // Loaded only here: a server starts faster without it.
  const { isCancel, password } = await import('@clack/prompts');
  // The passcode may be wanted by a program that reads stdout.
  const answer = await password({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new UsersError('nothing was changed');
  return answer ?? '';
}
