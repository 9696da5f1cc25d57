import type { Verb } from '../../client/client-under-test.js';
import type { ClientTrial } from '../../session/client-trial.js';
import { type ServerSession, serverHello } from '../../session/server-session.js';
import { fieldsOf } from '../../wire/encode.js';
import { frameType, PREFACE, rawFrame } from '../../wire/frame.js';
import type { Loose, MessageName } from '../../wire/messages.js';
import { treeDigest } from '../../wire/tree-digest.js';
import { list, someEntries, take } from './endings.js';

/** A point of a session at which the server may send such a message. */
export interface Place {
  readonly session: ServerSession;
  readonly stream: number;
  /** An honest message, as fields. */
  readonly fields: [number, Buffer][];
  /** Goes on honestly from where the message was taken, and to the end. */
  goOn(): Promise<void>;
}

export interface PlaceOf {
  readonly verb: Verb;
  reach(trial: ClientTrial): Promise<Place>;
}

/** Sends a message of one's own making at its place. */
export function sendAt(name: MessageName, { session, stream }: Place, payload: Buffer): void {
  const preface = name === 'HELLO' ? [PREFACE] : [];
  session.send(...preface, rawFrame(frameType(name), stream, payload));
}

const listing = async (trial: ClientTrial, fields: [number, Buffer][], own = true): Promise<Place> => {
  const { session, stream } = await trial.opened();
  return { session, stream: own ? stream : 0, fields, goOn: () => list(trial, session, stream) };
};

/** Where each message that a server sends has its place. */
export const places: Readonly<Record<Exclude<MessageName, 'OPEN'>, PlaceOf>> = {
  HELLO: {
    verb: 'ls',
    reach: async (trial) => {
      const session = await trial.fresh();
      await session.receive('HELLO');
      // Kept by the session as what was offered; the bytes of the case go out instead.
      session.helloBytes();
      const goOn = async (): Promise<void> => {
        await session.receive('AUTH');
        session.admit();
        await list(trial, session, (await session.opened('list')).id);
      };
      return { session, stream: 0, fields: fieldsOf('HELLO', serverHello()), goOn };
    },
  },
  AUTH: {
    verb: 'ls',
    reach: async (trial) => {
      const session = await trial.fresh();
      await session.authenticating();
      const goOn = async (): Promise<void> => {
        session.admitting();
        await list(trial, session, (await session.opened('list')).id);
      };
      return {
        session,
        stream: 0,
        fields: fieldsOf('AUTH', { step: 'success', principal: 'anonymous' }),
        goOn,
      };
    },
  },
  ACCEPT: {
    verb: 'get',
    reach: async (trial) => {
      const { session, stream } = await trial.opened();
      const accept: Loose<'ACCEPT'> = {
        offset: 0,
        epoch: 0,
        etag: 'v1',
        size: trial.file.length,
        mtime: 1_000_000,
        algorithm: 'sha256',
      };
      const goOn = async (): Promise<void> => {
        session.accepting(stream);
        await session.sendData(stream, trial.file);
        session.send(session.endBytes(stream, trial.file), session.resultBytes(stream, { effect: 'none' }));
        await session.expectEnd();
        await trial.expectFile();
      };
      return { session, stream, fields: fieldsOf('ACCEPT', accept), goOn };
    },
  },
  END: {
    verb: 'get',
    reach: async (trial) => {
      const { session, stream } = await trial.opened();
      session.send(session.acceptingFile(stream, trial.file));
      await session.sendData(stream, trial.file);
      const goOn = async (): Promise<void> => {
        session.endBytes(stream, trial.file);
        session.result(stream, { effect: 'none' });
        await session.expectEnd();
        await trial.expectFile();
      };
      const { length } = trial.file;
      return { session, stream, fields: fieldsOf('END', { length, digest: treeDigest(trial.file) }), goOn };
    },
  },
  ACK: {
    verb: 'put',
    reach: async (trial) => {
      const { session, stream } = await trial.opened();
      session.accept(stream);
      await session.ended(stream);
      const goOn = async (): Promise<void> => {
        session.result(stream, { outcome: 'created' });
        await session.expectEnd();
        await trial.expectSuccess();
      };
      return { session, stream, fields: fieldsOf('ACK', { offset: 4096 }), goOn };
    },
  },
  ENTRY: {
    verb: 'ls',
    reach: (trial) => listing(trial, fieldsOf('ENTRY', { entries: someEntries })),
  },
  RESULT: {
    verb: 'ls',
    reach: async (trial) => {
      const { session, stream } = await trial.opened();
      session.entries(stream, someEntries);
      const goOn = async (): Promise<void> => {
        session.resultBytes(stream);
        await session.expectEnd();
        await trial.expectSuccess();
      };
      return { session, stream, fields: fieldsOf('RESULT', { status: 0, effect: 'none', etag: 'v1' }), goOn };
    },
  },
  RESET: {
    verb: 'ls',
    reach: async (trial) => {
      const { session, stream } = await trial.opened();
      const goOn = async (): Promise<void> => {
        session.resetBytes(stream);
        await session.expectEnd();
        await trial.expectFailure();
      };
      return { session, stream, fields: fieldsOf('RESET', { code: 0x20, finalOffset: 0 }), goOn };
    },
  },
  CREDIT: {
    verb: 'put',
    reach: async (trial) => {
      const { session, stream } = await trial.opened(
        { streamWindow: 8192 },
        { file: Buffer.alloc(20_000, 7) },
      );
      const goOn = async (): Promise<void> => {
        session.granted(stream, 1_000_000);
        await take(trial, session, stream);
      };
      return { session, stream, fields: fieldsOf('CREDIT', { limit: 1_000_000 }), goOn };
    },
  },
  PING: { verb: 'ls', reach: (trial) => pinged(trial) },
  PONG: {
    verb: 'ls',
    reach: (trial) => listing(trial, fieldsOf('PONG', { token: 1 }), false),
  },
  GOAWAY: {
    verb: 'ls',
    reach: (trial) => listing(trial, fieldsOf('GOAWAY', { code: 0, lastStream: 1 }), false),
  },
};

async function pinged(trial: ClientTrial): Promise<Place> {
  const { session, stream } = await trial.opened();
  session.pingBytes();
  const goOn = async (): Promise<void> => {
    await session.receive('PONG');
    await list(trial, session, stream);
  };
  return { session, stream: 0, fields: fieldsOf('PING', { token: 1 }), goOn };
}
