import { join, resolve } from 'node:path';

/** Where things are in this checkout. */
export const repository = resolve(import.meta.dirname, '../..');
export const modules = join(repository, 'node_modules');
export const serverBin = join(repository, 'packages/server/dist/bin.js');
export const clientBin = join(repository, 'packages/cli/dist/bin.js');
