import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { bin: 'src/bin.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  removeNodeProtocol: false,
  external: ['@napi-rs/blake-hash'], // optional and native: never bundled
  // Commands are imported lazily: start-up time counts.
  splitting: true,
  clean: true,
  // No declarations: this package is a program and exports nothing.
  dts: false,
});
