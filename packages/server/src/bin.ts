#!/usr/bin/env node
import { askHidden } from './commands/ask-hidden.js';
import { run } from './run.js';

// Whoever reads the first line and closes the pipe does not want the server to end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// What cannot be said is no reason to end what runs.
process.stderr.on('error', () => undefined);

const { exitCode, forced } = await run({
  argv: process.argv.slice(2),
  env: process.env,
  signals: process,
  stdin: process.stdin,
  askHidden: process.stdin.isTTY === true ? askHidden : undefined,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
process.exitCode = exitCode;
// Otherwise the process ends by itself, once everything that was written has gone out.
if (forced) process.exit();
