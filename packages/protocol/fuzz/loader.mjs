// Module hooks: TypeScript sources as they are, those of the product with counters in them and, if wanted, a mutant.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { instrument } from './instrument.mjs';

const product = new URL('../src/', import.meta.url).href;
let mutant;

/** `mutant`: what to change in the product, one of src/testing/mutants.ts, or undefined. */
export function initialize(data) {
  mutant = data.mutant;
}

export async function resolve(specifier, context, next) {
  const fromSource = specifier.startsWith('.') && context.parentURL?.endsWith('.ts');
  return next(fromSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  let text = await readFile(fileURLToPath(url), 'utf8');
  const file = url.startsWith(product) ? url.slice(product.length) : undefined;
  if (file !== undefined && file === mutant?.file) {
    const parts = text.split(mutant.find);
    if (parts.length !== 2) throw new Error(`the mutant does not fit ${file}`);
    text = parts.join(mutant.replace);
  }
  const counted = file !== undefined && !file.startsWith('testing/');
  const { outputText } = transpile(text, counted ? { before: [instrument(file)] } : {});
  return { format: 'module', source: outputText, shortCircuit: true };
}

function transpile(text, transformers) {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(text, { compilerOptions, transformers });
}
