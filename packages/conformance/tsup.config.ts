import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { bin: 'src/bin.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node20',
  removeNodeProtocol: false,
  splitting: false,
  loader: { '.md': 'text' },
  clean: true,
  // No declarations: this package is a program and exports nothing.
  dts: false,
});
