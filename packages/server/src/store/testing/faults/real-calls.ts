import fs from 'node:fs';

/** The calls as they were before anything was put around them. Evaluated before that is done. */
export const real: Readonly<Omit<typeof fs, 'promises'>> & { readonly promises: typeof fs.promises } = {
  ...fs,
  promises: { ...fs.promises },
};
