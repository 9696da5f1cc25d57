import { describe, expect, it } from 'vitest';
import { programName } from './process-io.js';

describe('programName', () => {
  it.each([
    ['/usr/bin/filex', {}, 'filex'],
    ['/usr/bin/filex-client', {}, 'filex-client'],
    ['/repo/packages/cli/dist/bin.js', {}, 'filex-client'],
    ['C:\\npm\\filex.cmd', {}, 'filex-client'],
    ['/home/me/.npm/_npx/1/node_modules/.bin/filex', { npm_command: 'exec' }, 'npx filex-client'],
  ])('%s with %j is %s', (script, env, shown) => {
    expect(programName(script, env).join(' ')).toBe(shown);
  });
});
