import type { ServerTrial } from '../../session/server-trial.js';
import { casesOf } from '../../suite/case.js';

/** Signs of life. */
export const chapter18 = casesOf<ServerTrial>((check) => {
  check('FX-18.1-1', 'a PING is answered with its own token', async (trial) => {
    const session = await trial.session();
    await session.barrier();
  });
});
