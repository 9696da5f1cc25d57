// Loaded before the server. CHAOS_STEP: it is killed just before that step of a commit, the CHAOS_NTH time that it comes
// there; CHAOS_VISITED: the file that then names the step.
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';

const { CHAOS_STEP, CHAOS_NTH, CHAOS_VISITED } = process.env;
let left = Number(CHAOS_NTH);
subscribe('filex:commit', ({ step }) => {
  if (step !== CHAOS_STEP) return;
  left -= 1;
  if (left > 0) return;
  writeFileSync(CHAOS_VISITED, step);
  process.kill(process.pid, 'SIGKILL');
});
