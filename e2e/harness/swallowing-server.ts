import { FilexError } from '@filex/protocol';
import { type Handler, serve } from '@filex/protocol/node';
import { cleanUp } from './clean-up.js';

/** A server of the library that verifies uploads and keeps nothing, for what would not fit on a disk. */
export async function startSwallowingServer(): Promise<{ url: string; taken: () => number }> {
  let taken = 0;
  const no = (): never => {
    throw new FilexError('UNSUPPORTED');
  };
  const handler: Handler = {
    upload: async ({ path }) => ({
      write: (bytes) => {
        taken += bytes.length;
      },
      commit: async () => ({ outcome: 'created', path }),
      abort: () => undefined,
    }),
    download: async () => no(),
    list: () => no(),
    stat: async () => no(),
    makeDirectory: async () => no(),
    rename: async () => no(),
    remove: async () => no(),
  };
  const server = await serve({ handler, port: 0, host: '127.0.0.1' });
  cleanUp(() => server.destroy());
  return { url: `filex+tcp://127.0.0.1:${server.address.port}/`, taken: () => taken };
}
