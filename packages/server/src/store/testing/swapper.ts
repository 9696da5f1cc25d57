import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What `swapped` is half of the time; the other half it is `decoy`. */
export type Swapped = 'folder' | 'file';
/** A symlink to a folder or file outside, or a pipe that nobody writes to. */
export type Decoy = { readonly symlinkTo: string } | 'pipe';

/**
 * Another program that exchanges, as fast as it can, `swapped` in the folder `at` for something treacherous and back,
 * and makes both anew when one of them was removed.
 *
 * @param work runs meanwhile.
 */
export async function whileSwapping(
  at: string,
  swapped: Swapped,
  decoy: Decoy,
  work: () => Promise<void>,
): Promise<void> {
  const target = decoy === 'pipe' ? '' : decoy.symlinkTo;
  const swapper = spawn(process.execPath, ['-e', SWAP, at, swapped, target], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(swapper.stdout, 'data');
    await work();
  } finally {
    swapper.stdin.end();
    await once(swapper, 'close');
  }
}

const SWAP = `
  const { execFileSync } = require('node:child_process');
  const { lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
  const { join } = require('node:path');
  const [at, kind, target] = process.argv.slice(1);
  const [swapped, decoy, aside] = ['swapped', 'decoy', 'aside'].map((name) => join(at, name));
  let running = true;
  process.stdin.on('end', () => { running = false; }).resume();
  const make = () => {
    mkdirSync(at, { recursive: true });
    for (const path of [swapped, decoy, aside]) rmSync(path, { recursive: true, force: true });
    if (kind === 'folder') {
      mkdirSync(join(swapped, 'folder'), { recursive: true });
      writeFileSync(join(swapped, 'folder/inner'), 'inside');
      writeFileSync(join(swapped, 'secret'), 'inside');
    } else writeFileSync(swapped, 'inside');
    if (target === '') execFileSync('mkfifo', [decoy]);
    else symlinkSync(target, decoy);
  };
  const attempt = (work) => { try { work(); return true; } catch { return false; } };
  const swap = () => {
    for (let i = 0; i < 20; i += 1) {
      const done = attempt(() => {
        renameSync(swapped, aside);
        renameSync(decoy, swapped);
        renameSync(swapped, decoy);
        renameSync(aside, swapped);
        // What replaces \`swapped\` can hit the decoy, after which nothing treacherous would ever come up again.
        if (target !== '' && !lstatSync(decoy).isSymbolicLink()) throw new Error('the decoy was replaced');
      });
      // The tree can be removed under its hands at any time.
      if (!done) attempt(make);
    }
    if (running) setImmediate(swap);
  };
  make();
  console.log('swapping');
  swap();
`;
