import { FilexError } from '../../errors.js';
import type { DigestAlgorithm, Entry } from '../../vocabulary.js';
import type { Messages } from '../../wire/messages.js';
import type { ClientContext } from './context.js';

/** Why this end cannot take what a server has accepted to send, if so. */
export function acceptFault(
  accept: Messages['ACCEPT'],
  asked: DigestAlgorithm,
  context: ClientContext,
): FilexError | undefined {
  const algorithm = accept.algorithm ?? asked;
  if (accept.size === undefined)
    return new FilexError('STATE_VIOLATION', 'the server did not say how long the file is');
  if (context.hashOf(algorithm) === undefined)
    return new FilexError('UNSUPPORTED', 'the server chose a digest that this end cannot compute');
  if (accept.offset > 0 && algorithm !== asked)
    return new FilexError('STATE_VIOLATION', 'the server goes on with another digest');
  if (accept.size < accept.offset)
    return new FilexError('LENGTH_MISMATCH', 'the server goes on beyond the end of its file');
  return undefined;
}

/** The file that comes, as the server has described it. */
export function entryOf(path: string, accept: Messages['ACCEPT']): Entry {
  return {
    path,
    kind: 'file',
    size: accept.size ?? 0,
    mtime: accept.mtime ?? 0,
    executable: accept.executable === true,
    etag: accept.etag,
  };
}
