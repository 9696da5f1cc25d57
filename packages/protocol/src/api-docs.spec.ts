import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectSameExample, expectToPrint } from './testing/examples.js';

const at = (path: string): URL => new URL(path, import.meta.url);

describe('the example of', () => {
  it('@filex/protocol runs, and prints what it says', async () => {
    const example = at('./testing/examples/core.ts');
    expectSameExample(at('./index.ts'), example, { '../../index.js': '@filex/protocol' });
    await expectToPrint(example, () => import('./testing/examples/core.js'));
  });

  it('@filex/protocol/node runs, and prints what it says', async () => {
    const example = at('./testing/examples/node.ts');
    expectSameExample(at('./node/index.ts'), example, {
      '../../index.js': '@filex/protocol',
      '../../node/index.js': '@filex/protocol/node',
    });
    await expectToPrint(example, () => import('./testing/examples/node.js'));
  });
});

it('comments name chapters of PROTOCOL.md as they are called', () => {
  const headings = [...readFileSync(at('../PROTOCOL.md'), 'utf8').matchAll(/^#+ [\d.]+ (.*)$/gm)].map(
    ([, heading]) => heading,
  );
  const sources = readdirSync(at('.'), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
  );
  const named = sources.flatMap((name) =>
    [...readFileSync(at(name), 'utf8').matchAll(/PROTOCOL\.md,\s+(?:\* )?"(.*?)"/g)].map(
      ([, title]) => title,
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const title of named) expect(headings).toContain(title);
});
