// Module hooks: TypeScript sources as they are, for a Node that cannot read them by itself.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

export async function resolve(specifier, context, next) {
  const fromSource = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
  return next(fromSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await transform(text, { loader: 'ts', format: 'esm', target: 'es2023' });
  return { format: 'module', source: code, shortCircuit: true };
}
