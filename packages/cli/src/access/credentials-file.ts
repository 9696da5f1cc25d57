import { join } from 'node:path';
import { bounds } from '../bounds.js';
import { AdvisedError } from '../errors.js';
import { others, readPrivateFile } from './private-file.js';
import { namedServer } from './server-name.js';

/** A passcode, and where it comes from, for people. */
export interface FoundPasscode {
  readonly passcode: string;
  readonly source: string;
}

/**
 * Finds the passcode of a user in the credentials file: lines `ann@host:port passcode`; the port is 12345 unless said, what begins
 * with `#` is a comment. The passcode is the rest of the line, spaces in it included.
 *
 * @param folder where the file is.
 * @param name of the server, as `serverName` writes it.
 * @returns undefined when there is no such file, or no such line in it.
 * @throws FilexError `PERMISSION_DENIED` when others can read or write the file; `AUTH_FAILED` for a line that makes no sense,
 * with its number, never with what is in it.
 */
export async function findCredentials(
  folder: string,
  login: { readonly user: string; readonly name: string },
  platform: NodeJS.Platform,
): Promise<FoundPasscode | undefined> {
  const file = join(folder, 'credentials');
  const text = await readPrivateFile(file, {
    forbidden: others.any,
    complaint: 'can be read or written by others',
    maxSize: bounds.credentialsSize,
    platform,
  });
  for (const [index, line] of (text ?? '').split('\n').entries()) {
    const [, word, passcode = ''] = /^\s*(?!#)(\S+)\s*(.*?)\s*$/.exec(line.replace(/^\ufeff/, '')) ?? [];
    if (word === undefined) continue;
    const source = `line ${index + 1} of ${file}`;
    const server = namedServer(word);
    if (server?.user === undefined || passcode === '')
      throw new AdvisedError(
        'AUTH_FAILED',
        `${source} is not understood`,
        'Write it as user@host:12345, a space, and the passcode.',
      );
    if (server.user === login.user && server.name === login.name) return { passcode, source };
  }
  return undefined;
}
