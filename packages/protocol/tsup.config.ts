import { defineConfig } from 'tsup';

export default defineConfig({
  // Two entries share their chunks, so that a class is the same class from both.
  entry: { index: 'src/index.ts', 'node/index': 'src/node/index.ts' },
  format: 'esm',
  platform: 'neutral',
  external: [/^node:/],
  target: 'node20',
  removeNodeProtocol: false,
  splitting: true,
  clean: true,
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
});
