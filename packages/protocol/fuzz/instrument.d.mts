import type { SourceFile, TransformerFactory } from 'typescript';

export function instrument(file: string): TransformerFactory<SourceFile>;
