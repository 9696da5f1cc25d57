import { join } from 'node:path';
import { build } from 'esbuild';
import { repository } from '../harness/paths.js';
import { temporaryFolder } from '../harness/temporary.js';

const source = join(repository, 'packages/server/src/store/testing/faults/preload.ts');

/** Makes one file of what lets calls on files fail, so that it is loaded quickly. Returns its path. */
export async function buildFaultsPreload(): Promise<string> {
  const outfile = join(temporaryFolder(), 'faults.mjs');
  await build({
    stdin: {
      contents: `import { injectFromEnvironment } from ${JSON.stringify(source)};\nawait injectFromEnvironment();`,
      resolveDir: repository,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return outfile;
}
