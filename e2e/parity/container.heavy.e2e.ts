import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Command } from '../harness/command.js';
import { repository } from '../harness/paths.js';

const SKIPPED = 77;

test('docker/verify.sh: the image is built, serves, is confined and stops gracefully', async ({ skip }) => {
  // It needs the settings of whoever runs the tests: where the engine is, which registry.
  const env = { HOME: process.env['HOME'], XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined };
  const script = join(repository, 'docker/verify.sh');
  const exit = await new Command('bash', [script], { cwd: repository, env, group: true }).exited;
  if (exit.code === SKIPPED) return skip(exit.stdout.trim());
  console.info(exit.stdout);
  expect(exit.code, exit.stdout + exit.stderr).toBe(0);
});
