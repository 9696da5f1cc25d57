import { FilexError } from '../../errors.js';
import type { DigestOptions, DigestResult } from '../types.js';
import { call } from './call.js';
import type { ClientContext } from './context.js';

/** Has the server digest a file. */
export async function digest(
  context: ClientContext,
  path: string,
  options: DigestOptions,
): Promise<DigestResult> {
  const { algorithm = context.algorithm, signal } = options;
  const result = await call(context, { operation: 'digest', path, algorithm }, signal);
  if (result.entry === undefined || result.digest === undefined) {
    const missing = result.entry === undefined ? 'an entry' : 'a digest';
    throw new FilexError('STATE_VIOLATION', `the server answered without ${missing}`, { path });
  }
  const hex = Buffer.from(result.digest).toString('hex');
  return { entry: { ...result.entry, path }, digest: hex, algorithm };
}
