import { Violation } from '../wire/violation.js';
import { connectSecure } from './connect.js';
import { type ServerFacts, type ServerTarget, ServerTrial } from './server-trial.js';

/**
 * Finds out what the server is like, as an honest client.
 * @returns undefined when that fails: then the cases will show what is wrong.
 */
export async function surveyServer(target: ServerTarget): Promise<ServerFacts | undefined> {
  const trial = new ServerTrial(target, undefined, 0);
  try {
    const session = await trial.fresh();
    session.greet();
    const { message: hello } = await session.receive('HELLO');
    const { principal } = await session.authenticate();
    const stream = session.open('upload', { path: await trial.path('survey') });
    const { message } = await session.receive('ACCEPT', stream);
    session.reset(stream);
    await session.result(stream);
    let answer: Promise<boolean> | undefined;
    const speaksTls = (): Promise<boolean> => {
      answer ??= target.secure ? Promise.resolve(true) : answersTls(target);
      return answer;
    };
    return { hello, principal, speaksTls, keepsOperations: message.epoch > 0 };
  } catch (error) {
    if (error instanceof Violation) return undefined;
    throw error;
  } finally {
    trial.close();
  }
}

async function answersTls(target: ServerTarget): Promise<boolean> {
  try {
    const transport = await connectSecure(target);
    transport.destroy();
    return true;
  } catch {
    return false;
  }
}

/** Removes what the suite has made. @returns why it is still there; undefined when it is gone. */
export async function removeFolder(target: ServerTarget): Promise<string | undefined> {
  const trial = new ServerTrial(target, undefined, 0);
  try {
    const session = await trial.session();
    const stream = session.open('remove', { path: target.folder, recursive: true });
    await session.expectSuccess(stream);
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  } finally {
    trial.close();
  }
}
