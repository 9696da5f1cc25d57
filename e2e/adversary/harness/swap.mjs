// Exchanges a folder for a symlink to elsewhere and back, as fast as it can, until it is told to stop.
import { renameSync } from 'node:fs';

const [place, folder, link] = process.argv.slice(2);
let stopped = false;
process.on('message', () => {
  stopped = true;
});

/** What the attacked server may have done to the names meanwhile: anything else is a defect of this program. */
const met = new Set(['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EISDIR']);
function expectMet(error) {
  if (!met.has(error.code)) throw error;
}

let swaps = 0;
function swapMany() {
  for (let i = 0; i < 50; i += 1) {
    try {
      renameSync(place, folder);
      renameSync(link, place);
      renameSync(place, link);
      renameSync(folder, place);
      swaps += 1;
    } catch (error) {
      expectMet(error);
      // Somebody has removed or renamed what stands there: put a folder back where that can be done.
      try {
        renameSync(folder, place);
      } catch (again) {
        expectMet(again);
      }
    }
  }
  if (!stopped) return setImmediate(swapMany);
  process.send?.(swaps, () => process.disconnect());
}
process.send?.('ready');
swapMany();
