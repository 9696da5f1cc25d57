import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** What programs remember between runs goes here, not to the home of whoever runs the tests. */
const home = mkdtempSync(join(tmpdir(), 'filex-e2e-home-'));
const removeHome = (): void => rmSync(home, { recursive: true, force: true });
// Imported by every test file, so this is when the file is done.
if (process.env['VITEST'] === undefined) process.once('exit', removeHome);
else afterAll(removeHome);

/** Variables that change what the programs do or how they look. */
const influences =
  /^(?:FILEX_|npm_|XDG_|VITEST|TURBO)|^(?:NO_COLOR|FORCE_COLOR|CI|TERM|COLORTERM|NODE_OPTIONS)$/;

/** The environment of every process that is started: the same whoever starts it. */
export function environment(more: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !influences.test(name));
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    LANG: 'C.UTF-8',
    ...more,
  };
}
