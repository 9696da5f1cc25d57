import { readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';

/** The code of the example in the comment that describes a module. */
function exampleIn(module: URL): string {
  const [comment = ''] = /^\/\*\*.*?@packageDocumentation.*?\*\//s.exec(readFileSync(module, 'utf8')) ?? [];
  const [, code] = /@example\n \* ```ts\n(.*?) \* ```/s.exec(comment) ?? [];
  expect(code, `${module.pathname} has an example`).toBeDefined();
  return (code as string).replaceAll(/^ \* ?/gm, '');
}

/**
 * An example is a module of its own, so that it is compiled like any other, and the comment has its very text but for
 * where it imports from.
 */
export function expectSameExample(module: URL, example: URL, names: Readonly<Record<string, string>>): void {
  const code = readFileSync(example, 'utf8').replaceAll(
    /from '(\.[^']*)'/g,
    (_all, from: string) => `from '${names[from]}'`,
  );
  expect(exampleIn(module)).toBe(code);
}

/** Runs an example, which says in comments what it prints, and compares. */
export async function expectToPrint(example: URL, run: () => Promise<unknown>): Promise<void> {
  const wanted = [...readFileSync(example, 'utf8').matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(
    ([, text]) => text,
  );
  expect(wanted).not.toEqual([]);
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(words.join(' ')));
  try {
    await run();
  } finally {
    log.mockRestore();
  }
  expect(printed).toEqual(wanted);
}
