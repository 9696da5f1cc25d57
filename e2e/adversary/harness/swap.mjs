// Exchanges a folder for a symlink to elsewhere and back, as fast as it can, until it is told to stop.
import { renameSync } from 'node:fs';

const [place, folder, link] = process.argv.slice(2);
let stopped = false;
process.on('message', () => {
  stopped = true;
});

let swaps = 0;
function swapMany() {
  for (let i = 0; i < 50; i += 1) {
    try {
      renameSync(place, folder);
      renameSync(link, place);
      renameSync(place, link);
      renameSync(folder, place);
      swaps += 1;
    } catch {
      // Somebody has removed or renamed what stands there: put a folder back where that can be done.
      try {
        renameSync(folder, place);
      } catch {}
    }
  }
  if (!stopped) return setImmediate(swapMany);
  process.send?.(swaps, () => process.disconnect());
}
process.send?.('ready');
swapMany();
