import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'tsup';

// One file in CommonJS, with all that is needed in it: Node 20 has that running in half the time that it takes to find, read and
// link many modules, and a listing takes no longer than that. What a verb does is still only evaluated when it is asked for.
export default defineConfig({
  entry: { bin: 'src/bin.ts' },
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  removeNodeProtocol: false,
  external: ['@napi-rs/blake-hash'], // optional and native: never bundled
  noExternal: [/^(?!@napi-rs\/)/],
  splitting: false,
  outExtension: () => ({ js: '.js' }),
  clean: true,
  // No declarations: this package is a program and exports nothing.
  dts: false,
  esbuildPlugins: [
    {
      name: 'beside the bundle',
      setup(build) {
        build.initialOptions.metafile = true;
        build.onEnd(({ metafile }) => {
          mkdirSync('dist', { recursive: true }); // tsup makes it later, in a fresh checkout
          // The package is of modules; what is built of it is not.
          writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
          writeFileSync('dist/LICENSES.txt', licences(Object.keys(metafile?.inputs ?? {})));
        });
      },
    },
  ],
});

/** Who has written what is in the bundle, and under which terms. */
function licences(inputs: readonly string[]): string {
  const folders = inputs.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const texts = [...new Set(folders)].sort().flatMap((folder) => {
    if (folder === undefined) return [];
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} says nowhere under which terms it may be used`);
    return [`${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`];
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
