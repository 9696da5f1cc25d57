// Runs turbo with telemetry off on every platform. `--quiet` shows its output only when it fails.
import { spawnSync } from 'node:child_process';

const args = process.argv.slice(2);
const quiet = args.includes('--quiet');
const result = spawnSync(
  'turbo',
  args.filter((arg) => arg !== '--quiet'),
  {
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    shell: process.platform === 'win32',
  },
);
if (result.error) throw result.error;
if (quiet && result.status !== 0) process.stderr.write(Buffer.concat([result.stdout, result.stderr]));
process.exit(result.status ?? 1);
