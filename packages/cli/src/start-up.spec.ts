import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Everything that is evaluated with a module, not later: package names and files. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  // Imports of types are not there when it runs; `import(` is later.
  for (const [, type, name = ''] of source.matchAll(
    /^(?:import|export)(?: (type))?[^;]*? from '([^']+)'/gm,
  )) {
    if (type !== undefined) continue;
    if (!name.startsWith('.')) seen.add(name);
    else {
      const target = join(dirname(file), name.replace(/\.js$/, '.ts'));
      if (existsSync(target)) loadedWith(target, seen);
    }
  }
  return seen;
}

const here = import.meta.dirname;
const heavy = ['@clack/prompts', '@clack/core', 'picomatch', 'pretty-bytes', '@filex/protocol/node'];

describe('what is evaluated at the start', () => {
  it('is little', () => {
    const loaded = loadedWith(join(here, 'bin.ts'));
    expect(loaded).toContain('commander');
    for (const name of heavy) expect(loaded).not.toContain(name);
  });

  it('for ls is no prompt, no glob', () => {
    const loaded = loadedWith(join(here, 'commands/ls.ts'));
    expect(loaded).toContain(join(here, 'ui/entries.ts'));
    for (const name of ['@clack/prompts', '@clack/core', 'picomatch']) {
      expect(loaded).not.toContain(name);
    }
  });

  it('for the wizard is no prompt before it is known that there is a terminal', () => {
    expect(loadedWith(join(here, 'commands/wizard.ts'))).not.toContain('@clack/prompts');
    expect(loadedWith(join(here, 'ui/wizard/clack-prompter.ts'))).toContain('@clack/prompts');
  });
});
