import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as root from './index.js';
import * as node from './node/index.js';
import type { Entry } from './vocabulary.js';

const blocks = [
  ...readFileSync(new URL('../README.md', import.meta.url), 'utf8').matchAll(/^```js\n([\s\S]*?)^```$/gm),
].map(([, code]) => code as string);

const modules: Readonly<Record<string, object>> = { '@filex/protocol': root, '@filex/protocol/node': node };

type Run = (modules: object, console: { log(...words: unknown[]): void }) => Promise<void>;
const AsyncFunction = (async () => undefined).constructor as new (...source: string[]) => Run;

/** Runs an example as it stands, but for where its imports come from; returns what it printed. */
async function run(code: string): Promise<string[]> {
  const body = code.replaceAll(
    /^import (\{.*?\}) from '(.*?)';$/gms,
    (_all, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}];`,
  );
  expect(body).not.toContain('import ');
  const printed: string[] = [];
  await new AsyncFunction('modules', 'console', body)(modules, {
    log: (...words) => printed.push(words.join(' ')),
  });
  return printed;
}

it('the README imports what the package has', () => {
  for (const block of blocks) {
    for (const [, names, from] of block.matchAll(/^import \{(.*?)\} from '(.*?)';$/gms)) {
      for (const name of (names as string).split(',')) {
        expect(Object.keys(modules[from as string] as object)).toContain(name.trim());
      }
    }
  }
});

it('the example without I/O runs', async () => {
  const block = blocks.find((each) => each.includes('createConnection')) as string;
  expect(await run(block)).toEqual(['OK 5']);
});

it('the example for Node.js runs', async () => {
  const files = new Map<string, Buffer>();
  const entryOf = (path: string): Entry => ({
    path,
    kind: 'file',
    size: files.get(path)?.length ?? 0,
    mtime: 0,
    executable: false,
  });
  const unsupported = () => Promise.reject(new root.FilexError('UNSUPPORTED'));
  const server = await node.serve({
    port: 0,
    host: '127.0.0.1',
    handler: {
      upload: async ({ path }) => {
        const parts: Buffer[] = [];
        return {
          write: (bytes) => void parts.push(Buffer.from(bytes)),
          commit: async () => {
            files.set(path, Buffer.concat(parts));
            return { outcome: 'created', path };
          },
          abort: () => undefined,
        };
      },
      download: async ({ path }) => ({
        entry: entryOf(path),
        read: async (buffer, offset) => files.get(path)?.copy(buffer, 0, offset) ?? 0,
        close: () => undefined,
      }),
      async *list() {
        for (const path of files.keys()) yield entryOf(path);
      },
      stat: unsupported,
      makeDirectory: unsupported,
      rename: unsupported,
      remove: unsupported,
    },
  });
  try {
    const block = blocks.find((each) => each.includes('connect(')) as string;
    const { host, port } = server.address;
    expect(await run(block.replace('localhost:12345', `${host}:${port}`))).toEqual([
      'created 5',
      'file notes.txt 5',
      'hello',
    ]);
  } finally {
    await server.destroy();
  }
});
