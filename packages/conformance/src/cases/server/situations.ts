import type { ClientSession } from '../../session/client-session.js';
import type { ServerTrial } from '../../session/server-trial.js';
import { PREFACE } from '../../wire/frame.js';

/** A connection in some state, with the proof that it still works. */
export interface Situation {
  readonly session: ClientSession;
  /** A stream that is there, if any. */
  readonly stream: number | undefined;
  /** @throws Violation unless the connection goes on from here as if nothing had happened. */
  alive(): Promise<void>;
}

/** Opens an upload that was ACCEPTed and waits for bytes. */
export async function startUpload(
  trial: ServerTrial,
  session: ClientSession,
  name = 'running',
): Promise<number> {
  const stream = session.open('upload', { path: await trial.path(name) });
  await session.receive('ACCEPT', stream);
  return stream;
}

/** Every state in which a server reads frames, as a client can bring it about. */
export const situations: Readonly<Record<string, (trial: ServerTrial) => Promise<Situation>>> = {
  'before HELLO': async (trial) => {
    const session = await trial.fresh();
    session.send(PREFACE);
    return {
      session,
      stream: undefined,
      alive: async () => {
        session.send(session.helloBytes());
        await session.receive('HELLO');
        await session.authenticate();
      },
    };
  },
  'before AUTH': async (trial) => {
    const session = await trial.greeted();
    return {
      session,
      stream: undefined,
      alive: async () => {
        await session.authenticate();
      },
    };
  },
  'when nothing runs': async (trial) => {
    const session = await trial.session();
    return { session, stream: undefined, alive: () => session.barrier() };
  },
  'while an upload runs': async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.data(stream, Buffer.from('some'));
    return { session, stream, alive: () => session.barrier() };
  },
  'after an upload was refused': async (trial) => {
    const session = await trial.session();
    const stream = session.open('upload', { path: await trial.path('missing/file') });
    await session.expectFailure(stream, 'PARENT_NOT_FOUND');
    return { session, stream, alive: () => session.barrier() };
  },
  'while draining': async (trial) => {
    const session = await trial.session();
    const stream = await startUpload(trial, session);
    session.goodbye();
    return { session, stream, alive: () => session.barrier() };
  },
};
