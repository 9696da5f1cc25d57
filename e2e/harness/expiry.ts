import { staged } from './leftovers.js';
import { startServer } from './server.js';

/**
 * What is staged in a served folder once nobody may come back for it any more: a last server is started on it, for which all that
 * is kept is too old.
 */
export async function stagedAfterExpiry(folder: string): Promise<string[]> {
  const server = await startServer({ folder, args: ['--limit', 'resumeTimeout=1ms'] });
  await server.stop();
  return staged(folder);
}
