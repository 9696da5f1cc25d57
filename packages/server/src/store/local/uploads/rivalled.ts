import { FilexError } from '@filex/protocol';

/** Another server has published an upload, or is about to: who asks again is told what came of it. */
export function rivalled(path: string): FilexError {
  const words = `another server is publishing ${JSON.stringify(path)}, or has done so, for the same operation`;
  return new FilexError('BUSY', words, { path, effect: 'unknown' });
}
