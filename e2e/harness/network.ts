import { BadNetwork, type BadNetworkOptions } from '../chaos/bad-network.js';
import { cleanUp } from './clean-up.js';

/** A bad network of this test. */
export async function startNetwork(options: BadNetworkOptions): Promise<BadNetwork> {
  const network = await BadNetwork.start(options);
  cleanUp(() => network.close());
  return network;
}
