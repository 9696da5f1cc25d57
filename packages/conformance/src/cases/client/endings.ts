import type { ClientTrial } from '../../session/client-trial.js';
import type { ServerSession } from '../../session/server-session.js';
import type { Entry, Loose } from '../../wire/messages.js';
import { Violation } from '../../wire/violation.js';

/** What is in the folder that a case lists, unless it says otherwise. */
export const someEntries: readonly Entry[] = [
  { path: 'one.txt', kind: 'file', size: 3, mtime: 1_000_000, etag: 'v1' },
  { path: 'two', kind: 'directory', size: 0, mtime: 1_000_000 },
];

/** Ends a listing honestly: the client must be content, and end the connection. */
export async function list(
  trial: ClientTrial,
  session: ServerSession,
  stream: number,
  entries: readonly Entry[] = someEntries,
): Promise<void> {
  session.serveListing(stream, entries);
  await session.expectEnd();
  await trial.expectSuccess();
}

/** Ends a download honestly. */
export async function give(
  trial: ClientTrial,
  session: ServerSession,
  stream: number,
  accept: Loose<'ACCEPT'> = {},
): Promise<void> {
  await session.serveFile(stream, trial.file, accept);
  await session.expectEnd();
  await trial.expectFile();
}

/** Ends an upload honestly: what came must be the file. */
export async function take(trial: ClientTrial, session: ServerSession, stream: number): Promise<void> {
  const bytes = await session.takeFile(stream);
  sameFile(trial, bytes);
  await session.expectEnd();
  await trial.expectSuccess();
}

/** @throws Violation unless these are the bytes of the file that was to be uploaded. */
export function sameFile(trial: ClientTrial, bytes: Buffer): void {
  if (!bytes.equals(trial.file))
    throw new Violation(
      ['FX-4.1-4', 'FX-8.2-2'],
      `the ${bytes.length} bytes that came are not the ${trial.file.length} of the file`,
    );
}
