import type { DownloadProvider } from '../types.js';

/** Puts a file away. What was read of it is right or wrong however that goes. */
export async function closeProvider(provider: DownloadProvider): Promise<void> {
  try {
    await provider.close();
  } catch {
    // See above.
  }
}
